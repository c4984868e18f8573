'use strict';
// Answers the requests of compare on a socket, one line of JSON each: {"id":1,"compute":100,"wait":10}, in milliseconds.
// The answer is the id. Everything happens on Node's one thread, as it would in a service.
const cluster = require('node:cluster');
const net = require('node:net');

// turn is a generator of 32 bits, the same in all languages.
function turn(n) {
  let x = 1;
  for (let i = 0; i < n; i++) x = (Math.imul(x, 1664525) + 1013904223) | 0;
  return x >>> 0;
}

// perMillisecond is how many turns take a millisecond: the best of some tries.
function perMillisecond() {
  const turns = 5_000_000;
  let best = Infinity;
  for (let i = 0; i < 5; i++) {
    const begin = process.hrtime.bigint();
    turn(turns);
    best = Math.min(best, Number(process.hrtime.bigint() - begin) / 1e6);
  }
  return turns / best;
}

function listen() {
  const speed = perMillisecond();
  const server = net.createServer((socket) => {
    socket.setNoDelay(true);
    let rest = '';
    socket.on('error', () => {}); // the client has gone
    socket.on('data', (data) => {
      const lines = (rest + data).split('\n');
      rest = lines.pop();
      for (const line of lines) {
        const { id, compute, wait } = JSON.parse(line);
        const answer = () => {
          if (compute > 0) turn(Math.round(compute * speed));
          socket.write(`${id}\n`);
        };
        if (wait > 0) setTimeout(answer, wait);
        else setImmediate(answer);
      }
    });
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server.address().port)));
}

module.exports = { 'compare.listen': listen, turn, perMillisecond };

if (cluster.isWorker) listen(); // of cluster.js
