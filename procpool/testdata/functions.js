'use strict';
const fs = require('node:fs');

module.exports = {
  'foreign.double': (n) => 2 * n,
  'foreign.echo': (value) => value,
  'foreign.print': (text) => {
    console.log(text);
    fs.writeSync(1, '\x00\x01 not a frame\n');
    return text.length;
  },
  'foreign.fails': (how) => {
    if (how === 'known') throw Object.assign(new RangeError(how), { quartetIs: ['procpool_test.known'] });
    if (how === 'unencodable') return () => 1;
    throw new TypeError(`no ${how}`);
  },
  'foreign.die': (how) => {
    if (how === 'exit') {
      fs.writeSync(2, 'last words\n');
      process.exit(3);
    }
    process.kill(process.pid, how);
    return new Promise(() => {});
  },
  'foreign.slow': (_, { signal }) => {
    console.log('started');
    return new Promise((resolve) => signal.addEventListener('abort', () => resolve(0)));
  },
  'foreign.pid': () => process.pid,
};
