'use strict';
// A worker of quartet's process pool in plain Node: it runs functions that a Go program calls.
//
//   // resize.js
//   module.exports = {
//     resize(request, { signal }) { return { width: 3 }; }, // the input, from JSON; a Buffer for a []byte; may be async
//   };
//
// One function runs at a time, or as many as Config.Concurrency says. What it prints goes to the pool's log. An exception is the call's error; its property quartetIs may
// list the names of errors that the Go side has registered. signal is aborted when the call is cancelled.

const fs = require('node:fs');
const net = require('node:net');
const path = require('node:path');
const { pathToFileURL } = require('node:url');

const HELLO = 1, BIND = 2, TASK = 3, RESULT = 4, CANCEL = 5, RETURNED = 6, BYE = 14;
const EXT = 0x01, RAW = 0x02, MORE = 0x04, OPTIONAL = 0x80;
const OUTPUT = 0, ERROR = 1, RAW_OUTPUT = 2;
const SHORT = 20_000; // ns: results wait for shorter tasks

function serve(functions) {
  const [version, nonce, , fin, fout] = process.env.QUARTET_PROCPOOL_WORKER.split(':');
  delete process.env.QUARTET_PROCPOOL_WORKER;
  if (version !== '1') throw new Error(`procpool: another version of the protocol: ${version}`);
  const input = new net.Socket({ fd: Number(fin), readable: true, writable: false });
  const output = new net.Socket({ fd: Number(fout), readable: false, writable: true });
  let names = [], buf = Buffer.alloc(0), part = null, results = [], pending = [], pace = 0, width = 1, leaving = false;
  const running = new Map();

  function put(kind, task, arg = 0, body = Buffer.alloc(0)) {
    const head = Buffer.allocUnsafe(16);
    head.writeUInt32LE(body.length, 0);
    head[4] = kind;
    head[5] = 0;
    head.writeUInt16LE(arg, 6);
    head.writeBigUInt64LE(task, 8);
    results.push(head, body);
  }

  function flush() {
    if (results.length) output.write(Buffer.concat(results));
    results = [];
  }

  function handle(kind, flags, arg, task, body) {
    if (part && part.kind === kind && part.task === task) {
      part.bodies.push(body);
      if (flags & MORE) return;
      ({ flags, arg } = part);
      body = Buffer.concat(part.bodies);
      part = null;
    } else if (flags & MORE) {
      part = { kind, task, arg, flags: flags & ~MORE, bodies: [body.subarray(8)] };
      return;
    }
    switch (kind) {
      case TASK:
        if (flags & EXT) body = body.subarray(2 + body.readUInt16LE(0));
        pending.push({ task, number: arg, raw: flags & RAW, body });
        break;
      case BIND: names.push(body.toString()); break;
      case CANCEL: cancel(task); break;
      case HELLO: {
        const hello = JSON.parse(body);
        if (hello.magic !== 'quartet-procpool' || hello.version !== 1) throw new Error('procpool: a strange hello');
        names = hello.functions ?? [];
        width = hello.concurrency || 1;
        put(HELLO, 0n, 0, Buffer.from(JSON.stringify({
          magic: hello.magic, version: 1, nonce, codec: 'json', pid: process.pid, concurrency: width, runtime: `Node ${process.version}`,
        })));
        break;
      }
      case BYE: leaving = true; flush(); output.end(() => process.exit(0)); break;
      default: if (!(flags & OPTIONAL)) throw new Error(`procpool: a frame of type ${kind} is for no worker`);
    }
  }

  function cancel(task) {
    running.get(task)?.abort.abort();
    const i = pending.findIndex((p) => p.task === task);
    if (i >= 0) {
      pending.splice(i, 1);
      put(RETURNED, task);
    }
  }

  function end(job, kind, body) {
    const took = process.hrtime.bigint() - job.began;
    pace += (Number(took) - pace) / 4;
    put(RESULT, job.task, kind | (took.toString(2).length << 8), body);
    running.delete(job.task);
  }

  function succeed(job, value) {
    if (value instanceof Uint8Array) return end(job, RAW_OUTPUT, Buffer.from(value.buffer, value.byteOffset, value.byteLength));
    return end(job, OUTPUT, Buffer.from(JSON.stringify(value ?? null)));
  }

  function fail(job, e) {
    const type = e?.name ?? typeof e, message = String(e?.message ?? e), stack = String(e?.stack ?? '');
    end(job, ERROR, Buffer.from(JSON.stringify({
      message: `${type}: ${message}`, is: e?.quartetIs ?? [], as: [{ type: 'procpool.ForeignError', value: { type, message, stack } }],
    })));
  }

  function attempt(job, fn) {
    try { fn(); } catch (e) { fail(job, e); }
  }

  // run starts what may run, and comes back when an asynchronous function ends.
  function run() {
    while (running.size < width && pending.length) {
      const job = pending.shift();
      if (pace > SHORT) flush();
      running.set(job.task, job);
      job.abort = new AbortController();
      job.began = process.hrtime.bigint();
      const name = names[job.number];
      const fn = Object.hasOwn(functions, name) ? functions[name] : undefined;
      if (typeof fn !== 'function') {
        end(job, ERROR, Buffer.from(JSON.stringify({ message: `quartet: "${name}" is not defined in the worker`, is: ['quartet.ErrNoBody'] })));
        continue;
      }
      attempt(job, () => {
        const value = fn(job.raw ? job.body : JSON.parse(job.body), { signal: job.abort.signal });
        if (typeof value?.then !== 'function') return succeed(job, value);
        return value.then((v) => attempt(job, () => succeed(job, v)), (e) => fail(job, e)).then(run);
      });
    }
    flush();
  }

  input.on('data', (data) => {
    buf = buf.length ? Buffer.concat([buf, data]) : data;
    let at = 0;
    while (buf.length - at >= 16) {
      const length = buf.readUInt32LE(at);
      if (buf.length - at < 16 + length) break;
      const body = buf.subarray(at + 16, at + 16 + length);
      handle(buf[at + 4], buf[at + 5], buf.readUInt16LE(at + 6), buf.readBigUInt64LE(at + 8), body);
      at += 16 + length;
    }
    buf = buf.subarray(at);
    run();
  });
  const orphaned = () => { // the pool is gone: so goes what this process has started
    if (leaving) return;
    try { process.kill(0, 'SIGKILL'); } finally { process.exit(1); }
  };
  input.on('end', orphaned);
  input.on('error', orphaned);
  output.on('error', orphaned);
}

async function main(script) {
  const module = await import(pathToFileURL(path.resolve(script)));
  serve({ ...module, ...module.default });
}

module.exports = { serve };
if (process.env.QUARTET_PROCPOOL_WORKER) main(process.argv[2]).catch((e) => {
  fs.writeSync(2, `${e?.stack ?? e}\n`);
  process.exit(1);
});
