// Runs the programs that node_test.go generates, each on an event loop of its own, and prints what each has logged. A
// program is over when nothing keeps its loop alive.
'use strict';
const { Worker, isMainThread, parentPort, workerData } = require('node:worker_threads');

if (isMainThread) {
  const { unit, programs } = JSON.parse(require('node:fs').readFileSync(0, 'utf8'));
  const logs = programs.map(() => []);
  let next = 0, running = 0;
  const start = () => {
    if (next === programs.length) {
      if (running === 0) console.log(JSON.stringify(logs));
      return;
    }
    const i = next++;
    running++;
    const w = new Worker(__filename, { workerData: { unit, program: programs[i] } });
    w.on('message', (log) => { logs[i] = log; });
    w.on('exit', () => { running--; start(); });
  };
  for (let i = 0; i < 4; i++) start();
} else {
  const { unit, program } = workerData;
  const log = [], handles = new Map(), closing = [];
  const call = (o) => { log.push(o.id); run(o.body); };
  const run = (ops) => { for (const o of ops ?? []) perform[o.kind](o); };
  const perform = {
    timer(o) { handles.set(o.id, setTimeout(call, o.slots * unit, o)); },
    interval(o) {
      let left = o.times;
      const t = setInterval(() => { call(o); if (--left === 0) clearInterval(t); }, o.slots * unit);
      handles.set(o.id, t);
    },
    immediate(o) { handles.set(o.id, setImmediate(call, o)); },
    tick(o) { process.nextTick(call, o); },
    microtask(o) { queueMicrotask(() => call(o)); },
    promise(o) { Promise.resolve().then(() => call(o)).then(() => call({ id: -o.id, body: o.then })); },
    async(o) { (async () => { call(o); await null; call({ id: -o.id, body: o.then }); })(); },
    // A message is what the poll phase brings; a port of its own makes it wait for the next one.
    post(o) {
      const { port1, port2 } = new MessageChannel();
      port1.once('message', () => { port1.close(); call(o); });
      port2.postMessage(0);
    },
    // libuv calls those of one turn in the reverse order. Which callback logs what is up to us: the first one closed.
    closing(o) {
      closing.push(o);
      new MessageChannel().port1.close(() => call(closing.shift()));
    },
    clear(o) { const h = handles.get(o.target); clearTimeout(h); clearImmediate(h); },
    unref(o) { handles.get(o.target)?.unref(); },
    ref(o) { handles.get(o.target)?.ref(); },
  };
  process.on('exit', () => parentPort.postMessage(log));
  setTimeout(run, 1, program);
}
