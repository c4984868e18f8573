// The cases that Node runs: each prints nanoseconds (or bytes) per operation.
'use strict';
const name = process.argv[1], n = Number(process.argv[2]);
const wall = () => Number(process.hrtime.bigint());
const cpu = () => { const u = process.cpuUsage(); return (u.user + u.system) * 1000; };
const report = (total) => console.log(total / n);
const deadline = () => 1 + Math.random() * 2000;

function chain(queue) {
  let left = n;
  const start = wall();
  const next = () => { if (--left === 0) report(wall() - start); else queue(next); };
  queue(next);
}

function timers() {
  let left = n;
  const start = cpu();
  const fired = () => { if (--left === 0) report(cpu() - start); };
  for (let i = 0; i < n; i++) setTimeout(fired, deadline());
}

function cancel() {
  const fn = () => {}, set = new Array(n);
  const start = wall();
  for (let i = 0; i < n; i++) set[i] = setTimeout(fn, 60000 + deadline());
  for (let i = 0; i < n; i++) if (i % 10 !== 0) clearTimeout(set[i]);
  report(wall() - start);
  process.exit();
}

function memory() {
  const fn = () => {}, set = new Array(n).fill(null);
  global.gc();
  const before = process.memoryUsage().heapUsed;
  for (let i = 0; i < n; i++) set[i] = setTimeout(fn, 3600000 + deadline());
  global.gc();
  report(process.memoryUsage().heapUsed - before);
  process.exit(set.length === 0 ? 1 : 0);
}

function worker() {
  const { Worker } = require('node:worker_threads');
  const w = new Worker("const { parentPort } = require('node:worker_threads'); parentPort.on('message', (m) => parentPort.postMessage(m));", { eval: true });
  let left = n, start = 0;
  w.on('message', () => {
    if (start === 0) start = wall(); // the first one waited for the worker to boot
    else if (--left === 0) { report(wall() - start); w.terminate(); return; }
    w.postMessage(0);
  });
  w.postMessage(0);
}

// An echo server, until its input ends. It answers each line with the CPU time that it has used since the one before, in
// nanoseconds.
function echo() {
  const server = require('node:net').createServer({ noDelay: true }, (c) => { c.on('data', (p) => c.write(p)); c.on('error', () => {}); });
  server.listen(0, '127.0.0.1', () => console.log(server.address().port));
  let start = 0;
  process.stdin.on('data', () => { const now = cpu(); console.log(now - start); start = now; });
  process.stdin.on('end', () => process.exit());
}

({
  tick: () => chain(process.nextTick), microtask: () => chain(queueMicrotask), immediate: () => chain(setImmediate),
  timers, cancel, memory, worker, echo,
})[name]();
