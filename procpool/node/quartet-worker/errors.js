'use strict';
// An error on its way to the pool.

const MAX_MESSAGE = 16 << 10, MAX_STACK = 64 << 10, MAX_NAMES = 64;

// Failure ends a call with an error of the worker's own: a message, and the names that it has for errors.Is.
class Failure extends Error {
  #names;

  constructor(message, ...names) {
    super(message);
    this.#names = names;
  }

  // names returns them, or undefined where e is no Failure. It asks nothing of an e that may be anything.
  static names(e) { return typeof e === 'object' && e !== null && #names in e ? e.#names : undefined; }
}

// report returns the error frame's body for what a function has thrown. cause: it is only what the call's cancellation
// has raised in it.
function report(e, cause) {
  const own = Failure.names(e);
  if (own) return Buffer.from(JSON.stringify({ message: e.message, is: own }));
  const type = text(() => e?.name ?? typeof e, 256), message = text(() => e?.message ?? e), stack = text(() => e?.stack ?? '', MAX_STACK);
  return Buffer.from(JSON.stringify({
    message: `${type}: ${message}`, is: names(e), cause, as: [{ type: 'procpool.ForeignError', value: { type, message, stack } }],
  }));
}

// cancelled returns the error frame's body for a call that its cancellation has ended.
function cancelled() {
  return Buffer.from(JSON.stringify({ message: 'the call is cancelled', cause: true }));
}

// text is what get gives, also where a getter or toString throws.
function text(get, limit = MAX_MESSAGE) {
  let s;
  try { s = String(get()); } catch { s = '<it cannot be shown: a getter of the error throws>'; }
  return s.length <= limit ? s : `${s.slice(0, limit / 2)}\n[…]\n${s.slice(-limit / 2)}`;
}

function names(e) {
  try {
    return [e?.quartetIs ?? []].flat().slice(0, MAX_NAMES).map((n) => text(() => n, 256));
  } catch {
    return [];
  }
}

module.exports = { Failure, cancelled, report };
