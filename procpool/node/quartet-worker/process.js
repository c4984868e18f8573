'use strict';
// What makes a process a good worker.

// A signal to the whole group or cgroup reaches the pool's process too: that ends this one in order. It is handled, and not
// ignored, so that programs which the script starts get the default.
const leaveItToThePool = () => {};

let settled = false;

// settle prepares the process, before the script is read.
function settle() {
  if (settled) return;
  settled = true;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, leaveItToThePool);
}

module.exports = { settle };
