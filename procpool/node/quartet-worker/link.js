'use strict';
// Frames to and from the pool.

const fs = require('node:fs');
const net = require('node:net');

const HELLO = 1, BIND = 2, TASK = 3, RESULT = 4, CANCEL = 5, RETURNED = 6, BYE = 14, ITEM = 17, TAKEN = 18;
const EXT = 0x01, RAW = 0x02, MORE = 0x04, BULK = 0x10, STREAM = 0x20, OPTIONAL = 0x80;
const PIECE = 256 << 10; // longer bodies travel in pieces
const EXIT_PROTOCOL = 122, EXIT_MISMATCH = 124;

class Link {
  #output;
  #memory; // the file in which large inputs lie; 0: there is none
  #frames = []; // not written yet
  #rest = Buffer.alloc(0);
  #part = null; // a body of which more is to come
  #leaving = false;

  // handle gets each frame: ({ kind, flags, arg, task, body }); then done is called when there is no more at hand.
  constructor(marker, handle, done) {
    const [version, nonce, , fin, fout, memory] = marker.split(':');
    if (version !== '1') die(`the pool speaks version ${version} of the protocol, this worker 1`, EXIT_MISMATCH);
    this.nonce = nonce;
    this.#memory = Number(memory);
    const input = new net.Socket({ fd: Number(fin), readable: true, writable: false });
    this.#output = new net.Socket({ fd: Number(fout), readable: false, writable: true });
    input.on('data', (data) => {
      this.#take(data, handle);
      done();
    });
    const orphaned = () => this.#orphaned();
    input.on('end', orphaned).on('error', orphaned);
    this.#output.on('error', orphaned);
  }

  get shared() { return this.#memory !== 0; }

  // fetch returns a body that lies in shared memory, at the place that stands for it.
  fetch(body) {
    const at = Number(body.readBigUInt64LE()), data = Buffer.allocUnsafe(Number(body.readBigUInt64LE(8)));
    for (let n = 0, got; n < data.length; n += got) {
      got = fs.readSync(this.#memory, data, n, data.length - n, at + n);
      if (!got) die(`a body of ${data.length} bytes in shared memory ends after ${n}`);
    }
    return data;
  }

  put(kind, task = 0n, arg = 0, body = Buffer.alloc(0)) {
    let rest = body;
    for (let first = true; ; first = false) {
      const more = rest.length > PIECE;
      const size = more && first ? Buffer.alloc(8) : Buffer.alloc(0);
      if (size.length) size.writeBigUInt64LE(BigInt(body.length));
      const piece = more ? rest.subarray(0, PIECE - size.length) : rest;
      const head = Buffer.allocUnsafe(16);
      head.writeUInt32LE(size.length + piece.length, 0);
      head[4] = kind;
      head[5] = more ? MORE : 0;
      head.writeUInt16LE(arg, 6);
      head.writeBigUInt64LE(task, 8);
      this.#frames.push(head, size, piece);
      if (!more) return;
      rest = rest.subarray(piece.length);
    }
  }

  flush() {
    if (this.#frames.length) this.#output.write(Buffer.concat(this.#frames));
    this.#frames = [];
  }

  // leave ends the process when all is written. Its exit handlers run.
  leave() {
    this.#leaving = true;
    this.flush();
    this.#output.end(() => process.exit());
  }

  #take(data, handle) {
    const all = this.#rest.length ? Buffer.concat([this.#rest, data]) : data;
    let at = 0;
    while (all.length - at >= 16) {
      const end = at + 16 + all.readUInt32LE(at);
      if (all.length < end) break;
      const frame = { kind: all[at + 4], flags: all[at + 5], arg: all.readUInt16LE(at + 6), task: all.readBigUInt64LE(at + 8) };
      this.#whole({ ...frame, body: all.subarray(at + 16, end) }, handle);
      at = end;
    }
    this.#rest = all.subarray(at);
  }

  #whole(frame, handle) {
    const part = this.#part;
    if (part && part.kind === frame.kind && part.task === frame.task) {
      part.bodies.push(frame.body);
      if (frame.flags & MORE) return;
      this.#part = null;
      handle({ ...part, body: Buffer.concat(part.bodies) });
    } else if (frame.flags & MORE) {
      this.#part = { ...frame, flags: frame.flags & ~MORE, bodies: [frame.body.subarray(8)] };
    } else {
      handle(frame);
    }
  }

  // #orphaned ends the process, and what it has started: the pool is gone.
  #orphaned() {
    if (this.#leaving) return;
    try { process.kill(0, 'SIGKILL'); } finally { process.exit(1); }
  }
}

function die(why, status = EXIT_PROTOCOL) {
  fs.writeSync(2, `procpool: worker: ${why}\n`);
  process.exit(status);
}

module.exports = {
  Link, die, HELLO, BIND, TASK, RESULT, CANCEL, RETURNED, BYE, ITEM, TAKEN, EXT, RAW, BULK, STREAM, OPTIONAL,
};
