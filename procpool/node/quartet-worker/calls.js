'use strict';
// The calls of a worker: one at a time, or as many as Config.Concurrency says.

const { Context } = require('./context.js');
const { Failure, cancelled, report } = require('./errors.js');
const link = require('./link.js');
const { settle } = require('./process.js');
const { Stream } = require('./streams.js');
const values = require('./values.js');

const ERROR = 1; // a kind of result, beside those of values
const SHORT = 20_000; // ns: results wait for shorter calls
const NO_RECORDS = Buffer.alloc(0);

// serve runs calls of functions until the pool needs this process no more. hello is the pool's, where it has been read;
// modules are the script's, for the workers to come.
function serve(functions, hello, modules) {
  settle();
  const marker = process.env.QUARTET_PROCPOOL_WORKER;
  delete process.env.QUARTET_PROCPOOL_WORKER;
  const worker = new Worker(marker, functions);
  if (hello) worker.greet(hello, modules);
}

class Worker {
  #functions;
  #names = [];
  #link;
  #pending = [];
  #running = new Map();
  #pace = 0;
  #width = 1;
  #maxFrame = 1 << 20;

  constructor(marker, functions) {
    this.#functions = functions;
    this.#link = new link.Link(marker, (frame) => this.#handle(frame), () => this.#start());
  }

  #handle({ kind, flags, arg, task, body }) {
    switch (kind) {
      case link.TASK: {
        const end = flags & link.EXT ? 2 + body.readUInt16LE(0) : 0;
        const records = end ? body.subarray(2, end) : NO_RECORDS;
        const input = flags & link.BULK ? this.#link.fetch(body.subarray(end)) : body.subarray(end);
        this.#pending.push({ task, number: arg, flags, records, body: input });
        break;
      }
      case link.BIND: this.#names.push(body.toString()); break;
      case link.CANCEL: this.#cancel(task, body); break;
      case link.TAKEN: this.#taken(task, arg); break;
      case link.HELLO: this.greet(JSON.parse(body)); break;
      case link.BYE: this.#link.leave(); break;
      default: if (!(flags & link.OPTIONAL)) link.die(`a frame of type ${kind} is for no worker`);
    }
  }

  greet(hello, modules) {
    if (hello.magic !== 'quartet-procpool' || hello.version !== 1) link.die('a strange hello');
    this.#names = hello.functions ?? [];
    this.#width = hello.concurrency || 1;
    this.#maxFrame = hello.max_frame || this.#maxFrame;
    this.#link.put(link.HELLO, 0n, 0, Buffer.from(JSON.stringify({
      magic: hello.magic, version: 1, nonce: this.#link.nonce, codec: 'json', pid: process.pid, concurrency: this.#width,
      runtime: `Node ${process.version}`, modules, bulk: Boolean(hello.bulk) && this.#link.shared,
    })));
    this.#link.flush();
  }

  #cancel(task, body) {
    const job = this.#running.get(task);
    if (job) Context.cancel(job.context, why(body));
    const i = this.#pending.findIndex((waiting) => waiting.task === task);
    if (i >= 0) this.#giveBack(this.#pending.splice(i, 1));
  }

  #giveBack(jobs) {
    for (const { task } of jobs) this.#link.put(link.RETURNED, task);
    this.#link.flush();
  }

  // #giveBackPending: a stream waits for its reader, who may be waiting for one of these.
  #giveBackPending() { this.#giveBack(this.#pending.splice(0)); }

  #taken(task, n) {
    const stream = this.#running.get(task)?.stream; // else it has ended
    if (stream && !stream.window.take(n)) link.die(`TAKEN counts ${n} items of task ${task}, which are more than there are`);
  }

  // #start starts what may run. It is called again when an asynchronous function ends.
  #start() {
    while (this.#running.size < this.#width && this.#pending.length) {
      const job = this.#pending.shift();
      if (this.#pace > SHORT) this.#link.flush();
      this.#running.set(job.task, job);
      job.name = this.#names[job.number];
      job.context = new Context(job.name, job.records);
      job.began = process.hrtime.bigint();
      this.#run(job);
    }
    if (this.#pending.length && [...this.#running.values()].some((job) => job.stream?.waits)) this.#giveBackPending();
    this.#link.flush();
  }

  #run(job) {
    const fn = Object.hasOwn(this.#functions, job.name) ? this.#functions[job.name] : undefined;
    if (typeof fn !== 'function') {
      return this.#fail(job, new Failure(`quartet: "${job.name}" is not defined in the worker`, 'quartet.ErrNoBody'));
    }
    try {
      const value = fn(job.flags & link.RAW ? job.body : values.decode(job.body), job.context);
      if (typeof value?.then !== 'function' && !(job.flags & link.STREAM)) return this.#succeed(job, value);
      return this.#finish(job, value).then(() => this.#start());
    } catch (e) {
      return this.#fail(job, e);
    }
  }

  // #finish awaits what a function has begun, or sends what it streams.
  async #finish(job, begun) {
    try {
      const value = await begun;
      if (!(job.flags & link.STREAM)) return this.#succeed(job, value);
      job.stream = new Stream(job.name, value, job.context.signal);
      await job.stream.send((item) => this.#item(job, item), () => this.#giveBackPending());
      return this.#end(job, values.OUTPUT);
    } catch (e) {
      return this.#fail(job, e);
    }
  }

  #succeed(job, value) {
    try {
      this.#end(job, ...this.#encode(job, value));
    } catch (e) {
      this.#fail(job, e);
    }
  }

  // #item sends an item. Unlike a result it waits for no other: nobody knows when the next one comes.
  #item(job, value) {
    const [kind, body] = this.#encode(job, value, job.stream.count++);
    job.stream.window.add(body.length);
    this.#link.put(link.ITEM, job.task, kind, body);
    this.#link.flush();
  }

  // #encode returns the kind and the bytes of a result, or of an item of one.
  #encode(job, value, item) {
    const [kind, body] = values.encode(job.name, value, item);
    if (body.length <= this.#maxFrame) return [kind, body];
    const what = `${item === undefined ? 'the result' : 'an item'} of "${job.name}"`;
    throw new Failure(`procpool: ${what} is ${body.length} bytes, beyond Config.MaxFrame (${this.#maxFrame})`);
  }

  // #fail ends a call that has thrown e. e may be nothing but its cancellation: then the end of a stream is that and no
  // exception.
  #fail(job, e) {
    const { signal } = job.context;
    const cause = signal.aborted && (e === signal.reason || e?.name === 'AbortError');
    this.#end(job, ERROR, cause && job.flags & link.STREAM ? cancelled() : report(e, cause));
  }

  #end(job, kind, body) {
    const took = process.hrtime.bigint() - job.began;
    this.#pace += (Number(took) - this.#pace) / 4;
    this.#link.put(link.RESULT, job.task, kind | (took.toString(2).length << 8), body);
    this.#running.delete(job.task);
  }
}

// why is the message of the error that CANCEL brings.
function why(body) {
  try { return JSON.parse(body).message; } catch { return 'the call is cancelled'; }
}

module.exports = { serve };
