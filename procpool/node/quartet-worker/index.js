'use strict';
// Functions of a program, called from Go: a worker of quartet's process pool in plain Node (18 or newer).
//
//   // resize.js, under procpool.Node: its functions are what it exports
//   module.exports = {
//     resize(request, { signal }) { return { width: 3 }; }, // the input, from JSON; a Buffer for a []byte; may be async
//     async *lines(path) { yield* (await open(path)).readLines(); }, // where the Go side declares a stream
//   };
//
// One call runs at a time, or as many as Config.Concurrency says. What a function prints goes to the pool's log. An
// exception is the call's error; its property quartetIs may list the names of errors that the Go side has registered.
// A generator is asked for an item when there is room for it, and told to return when nobody wants more.
//
// A program that is started by a command of its own calls serve with its functions.

const { serve } = require('./calls.js');

module.exports = { serve };
