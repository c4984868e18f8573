'use strict';
// How procpool.Node starts a script: its functions are what it exports.

const fs = require('node:fs');
const Module = require('node:module');
const { dirname, sep } = require('node:path');
const { pathToFileURL } = require('node:url');
const { serve } = require('./calls.js');
const { settle } = require('./process.js');

function main(hello) {
  settle();
  const { path, text, modules } = hello.boot;
  delete hello.boot;
  process.argv.splice(1, 1, 'quartet-worker'); // in the script's place: a script that asks is not the main module
  const kept = new Map(Object.entries({ ...modules, [path]: text }).map(([name, t]) => [name, Buffer.from(t, 'base64')]));
  read(path, kept).then((functions) => {
    serve(functions, hello, modules ? undefined : texts(dirname(path)));
  }).catch((e) => {
    fs.writeSync(2, `${e?.stack ?? e}\n`);
    process.exit(1);
  });
}

async function read(path, kept) {
  const changed = new Map([...kept].filter(([name, text]) => !sameAsFile(name, text)).map(([name, text]) => [name, text.toString()]));
  if (changed.size) keep(changed);
  const module = await import(pathToFileURL(path).href);
  return { ...module, ...module.default };
}

function sameAsFile(path, text) {
  try { return fs.readFileSync(path).equals(text); } catch { return false; }
}

// keep has these texts loaded though their files have changed since the pool began: all of its workers run one version.
function keep(changed) {
  for (const extension of ['.js', '.cjs']) {
    const load = Module._extensions[extension] ?? Module._extensions['.js'];
    Module._extensions[extension] = (module, name) => (changed.has(name) ? module._compile(changed.get(name), name) : load(module, name));
  }
  const byURL = Object.fromEntries([...changed].map(([name, text]) => [pathToFileURL(name).href, text]));
  const hook = `const texts = ${JSON.stringify(byURL)};
  export async function load(url, context, next) {
    const loaded = await next(url, context);
    return Object.hasOwn(texts, url) && loaded.format === 'module' ? { ...loaded, source: texts[url] } : loaded;
  }`;
  if (Module.register) Module.register(`data:text/javascript,${encodeURIComponent(hook)}`, pathToFileURL('/'));
  else process.emitWarning('a script has changed, and this Node cannot keep the old version of an ES module');
}

const MAX_TEXTS = 4 << 20; // bytes of all modules together; of a larger program each worker reads the files

// texts returns the CommonJS modules that have been required from a folder, by path.
function texts(folder) {
  const found = {};
  let size = 0;
  for (const path of Object.keys(Module._cache)) {
    if (!path.startsWith(folder + sep) || path.includes(`${sep}node_modules${sep}`) || !/\.c?js$/.test(path)) continue;
    try { found[path] = fs.readFileSync(path, 'base64'); } catch { continue; }
    size += found[path].length;
  }
  return size <= MAX_TEXTS ? found : {};
}

module.exports = { main };
