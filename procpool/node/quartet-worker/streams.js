'use strict';
// Streamed results: what an iterator gives goes to the pool item by item, at most a window ahead of its reader.

const ITEMS = 64, BYTES = 1 << 20; // a writer waits when so many items, or bytes of them, have not been taken
const TURN = 1; // ms: an iterator that never waits gives the event loop a turn so often

// Window holds the items that have been sent and not taken.
class Window {
  #sizes = []; // the eldest first
  #bytes = 0;
  #wake = () => {};

  get full() { return this.#sizes.length >= ITEMS || this.#bytes >= BYTES; }

  add(size) {
    this.#bytes += size;
    this.#sizes.push(size);
  }

  // take counts n items off. It returns false where there are not so many.
  take(n) {
    if (n > this.#sizes.length) return false;
    for (const size of this.#sizes.splice(0, n)) this.#bytes -= size;
    this.wake();
    return true;
  }

  // wake ends the wait of moved.
  wake() { this.#wake(); }

  // moved waits until items have been taken, or nobody wants more.
  moved() { return new Promise((resolve) => { this.#wake = resolve; }); }
}

// iteratorOf returns the iterator that a function's result has, or is, where it gives one item after the other.
function iteratorOf(name, value) {
  if (typeof value?.[Symbol.asyncIterator] === 'function') return value[Symbol.asyncIterator]();
  if (typeof value?.next === 'function') return value;
  const what = value === undefined || value === null ? value : `a value of type ${value.constructor?.name ?? typeof value}`;
  throw new TypeError(`${name} returned ${what}, but its caller takes a stream: yield the items`);
}

// Stream is the result of a call whose caller takes it item by item.
class Stream {
  window = new Window();
  count = 0; // of items
  waits = false; // for its reader
  #iterator;
  #signal;
  #left; // what the iterator's return gives
  #turned = performance.now();

  constructor(name, value, signal) {
    this.#iterator = iteratorOf(name, value);
    this.#signal = signal;
  }

  // send calls put with each item, and waiting where the reader is behind. When nobody wants more it has the iterator
  // return, at once, and throws the signal's reason.
  async send(put, waiting) {
    const leave = () => {
      this.#leave();
      this.window.wake();
    };
    this.#signal.addEventListener('abort', leave);
    try {
      while (!this.#signal.aborted) {
        let step = this.#iterator.next();
        if (typeof step?.then === 'function') step = await step;
        if (this.#signal.aborted) break;
        if (step.done) return;
        try { put(step.value); } catch (e) {
          await this.#leave().catch(() => {});
          throw e;
        }
        await this.#room(waiting);
      }
    } finally {
      this.#signal.removeEventListener('abort', leave);
    }
    await this.#leave();
    throw this.#signal.reason;
  }

  // #leave has the iterator return: its finally blocks run. It does so once.
  #leave() {
    this.#left ??= (async () => this.#iterator.return?.())();
    this.#left.catch(() => {});
    return this.#left;
  }

  // #room waits while the window is full, and gives the event loop a turn now and then.
  async #room(waiting) {
    while (this.window.full && !this.#signal.aborted) {
      this.waits = true;
      waiting();
      await this.window.moved();
      this.waits = false;
    }
    if (performance.now() - this.#turned < TURN) return;
    await new Promise(setImmediate);
    this.#turned = performance.now();
  }
}

module.exports = { Stream };
