'use strict';
const [, , , fin] = process.env.QUARTET_PROCPOOL_WORKER.split(':');
const read = (n) => {
  const data = Buffer.alloc(n);
  for (let at = 0; at < n;) {
    let got;
    try { got = require('fs').readSync(+fin, data, at, n - at, null); } catch (e) {
      if (e.code === 'EAGAIN') continue;
      throw e;
    }
    if (!got) process.exit(1);
    at += got;
  }
  return data;
};
const hello = JSON.parse(read(read(16).readUInt32LE(0)));
const modules = {};
const load = (name) => {
  if (!Object.hasOwn(hello.boot.files, name)) return require(name);
  if (!modules[name]) {
    modules[name] = { exports: {} };
    new Function('require', 'module', `${hello.boot.files[name]}\n//# sourceURL=quartet-worker/${name.slice(2)}`)(load, modules[name]);
  }
  return modules[name].exports;
};
load('./main.js').main(hello);
