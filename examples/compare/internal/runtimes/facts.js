'use strict';
// Does the same work as facts.py and language.go do, on Node's one thread, and tells how many milliseconds it took, and what
// came out. It also serves, as server.js does.
const fs = require('node:fs');
const server = require('./server.js');

const fib = (n) => (n < 2 ? n : fib(n - 1) + fib(n - 2));

// callbacks runs n of them, each of which queues the next.
const callbacks = (n) => new Promise((resolve) => {
  let ran = 0;
  const next = () => (++ran === n ? resolve(ran) : setImmediate(next));
  setImmediate(next);
});

const works = {
  turns: server.turn,
  fib,
  callbacks,
  calibrated: (ms) => server.turn(Math.round(ms * speed)),
};

let speed = 0;

module.exports = {
  'compare.listen': server['compare.listen'],
  async 'compare.work'({ work, n }) {
    if (work === 'calibrated') speed = server.perMillisecond();
    const begin = process.hrtime.bigint();
    const value = await works[work](n);
    return { ms: Number(process.hrtime.bigint() - begin) / 1e6, value };
  },
  'compare.memory': () => process.memoryUsage.rss(),
  'compare.threads'() {
    if (process.platform !== 'linux') return -1;
    return Number(/Threads:\s+(\d+)/.exec(fs.readFileSync('/proc/self/status', 'utf8'))[1]);
  },
};
