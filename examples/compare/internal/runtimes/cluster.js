'use strict';
// Serves as server.js does, by several processes behind one listener: Node's cluster.
const cluster = require('node:cluster');
const path = require('node:path');

module.exports = {
  'compare.listen'() {
    const count = Number(process.argv.at(-1));
    // Without the arguments that this process was started with: they are the worker's of the pool.
    cluster.setupPrimary({ exec: path.join(__dirname, 'server.js'), args: [], execArgv: [] });
    return new Promise((resolve, reject) => {
      cluster.on('exit', (_, code) => reject(new Error(`a process of the cluster has ended with code ${code}`)));
      let listening = 0;
      cluster.on('listening', (_, address) => {
        if (++listening === count) resolve(address.port);
      });
      for (let i = 0; i < count; i++) cluster.fork();
    });
  },
};
