// Runs one case of the comparison over child_process.fork: node peers.js CASE N [json|advanced] prints the seconds it took.
// node peers.js cluster N serves.
'use strict';
const { fork } = require('node:child_process');

if (process.argv[2] === 'cluster') {
  cluster(Number(process.argv[3]));
} else if (process.env.QUARTET_BENCH_CHILD) {
  process.on('message', (m) => process.send(m));
} else {
  main().then((seconds) => { console.log(seconds); process.exit(0); });
}

// cluster serves empty answers with n processes, prints its port, and ends with standard input.
function cluster(n) {
  const nodeCluster = require('node:cluster');
  if (nodeCluster.isWorker) {
    require('node:http').createServer((_, answer) => answer.end()).listen(0, '127.0.0.1');
    return;
  }
  let ready = 0;
  nodeCluster.on('listening', (_, address) => { if (++ready === n) console.log(address.port); });
  for (let i = 0; i < n; i++) nodeCluster.fork();
  process.stdin.on('end', () => process.exit(0)).resume();
}

async function main() {
  const [kind, count, serialization = 'json'] = process.argv.slice(2);
  const n = Number(count);
  const children = [0, 1].map(() => fork(__filename, { serialization, env: { ...process.env, QUARTET_BENCH_CHILD: '1' } }));
  const waiting = new Map();
  let id = 0;
  for (const c of children) c.on('message', ([k, v]) => { waiting.get(k)(v); waiting.delete(k); });
  const call = (v) => new Promise((resolve) => { waiting.set(++id, resolve); children[id & 1].send([id, v]); });
  await Promise.all([...Array(100).keys()].map(call));
  const began = process.hrtime.bigint();
  if (kind === 'deep') {
    await Promise.all([...Array(n).keys()].map(call));
  } else {
    const body = kind === 'one' ? 1 : serialization === 'json' ? Buffer.alloc(1 << 20).toString('base64') : Buffer.alloc(1 << 20);
    for (let i = 0; i < n; i++) await call(body);
  }
  const seconds = Number(process.hrtime.bigint() - began) / 1e9;
  for (const c of children) c.disconnect();
  return seconds;
}
