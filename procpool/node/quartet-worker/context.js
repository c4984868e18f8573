'use strict';
// What travels beside a call: its label, its deadline and the values that quartet.Propagate sends.

const LEFT = 1, LABEL = 2, VALUE = 5; // tags of the records

// Context is the second argument of a function.
class Context {
  #abort = new AbortController();
  label = ''; // of quartet.Label
  deadline; // in milliseconds, as Date.now gives them; undefined: there is none
  values = {}; // name of a quartet.Propagate: Buffer

  constructor(name, records) {
    this.function = name;
    for (let at = 0; at + 3 <= records.length;) {
      const tag = records[at], end = at + 3 + records.readUInt16LE(at + 1);
      this.#add(tag, records.subarray(at + 3, end));
      at = end;
    }
  }

  // signal is aborted when the call is cancelled.
  get signal() { return this.#abort.signal; }

  #add(tag, value) {
    if (tag === LEFT) this.deadline = Date.now() + Number(value.readBigUInt64LE()) / 1000;
    else if (tag === LABEL) this.label = value.toString();
    else if (tag === VALUE) this.values[value.toString('utf8', 1, 1 + value[0])] = value.subarray(1 + value[0]);
  }

  static cancel(context, why) { context.#abort.abort(new DOMException(why, 'AbortError')); }
}

module.exports = { Context };
