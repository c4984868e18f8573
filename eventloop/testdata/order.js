// Runs the programs that node_test.go generates, one after the other, and prints what each has logged.
'use strict';
const { unit, programs } = JSON.parse(require('node:fs').readFileSync(0, 'utf8'));
const logs = [];

function start(i) {
  if (i === programs.length) { console.log(JSON.stringify(logs)); return; }
  const log = [], handles = new Map();
  let pending = 1; // callbacks of phases that are to come
  const ended = () => { if (--pending === 0) { logs.push(log); setTimeout(start, 2, i + 1); } };
  const forget = (id) => { if (handles.delete(id)) setImmediate(ended); };
  const call = (o) => { log.push(o.id); run(o.body); };
  const run = (ops) => { for (const o of ops ?? []) perform[o.kind](o); };
  const perform = {
    timer(o) { pending++; handles.set(o.id, setTimeout(() => { call(o); forget(o.id); }, o.slots * unit)); },
    interval(o) {
      let left = o.times;
      pending++;
      const t = setInterval(() => { call(o); if (--left === 0) { clearInterval(t); forget(o.id); } }, o.slots * unit);
      handles.set(o.id, t);
    },
    immediate(o) { pending++; handles.set(o.id, setImmediate(() => { call(o); forget(o.id); })); },
    tick(o) { process.nextTick(call, o); },
    microtask(o) { queueMicrotask(() => call(o)); },
    promise(o) { Promise.resolve().then(() => call(o)).then(() => call({ id: -o.id, body: o.then })); },
    async(o) { (async () => { call(o); await null; call({ id: -o.id, body: o.then }); })(); },
    clear(o) { const h = handles.get(o.target); clearTimeout(h); clearImmediate(h); forget(o.target); },
  };
  run(programs[i]);
  setImmediate(ended);
}

setTimeout(start, 10, 0);
