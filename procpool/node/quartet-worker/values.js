'use strict';
// Inputs and outputs of functions as JSON, or bytes as they are. What JSON would change is an error that says where.

const { types } = require('node:util');

const OUTPUT = 0, RAW_OUTPUT = 2; // kinds of a result

// encode returns the kind and the bytes of what the function of that name has returned, or given as its item-th.
function encode(name, value, item) {
  if (value instanceof Uint8Array) return [RAW_OUTPUT, Buffer.from(value.buffer, value.byteOffset, value.byteLength)];
  if (types.isAnyArrayBuffer(value)) return [RAW_OUTPUT, Buffer.from(value)];
  if (value === undefined) return [OUTPUT, Buffer.from('null')];
  const what = item === undefined ? 'its result' : `its item ${item}`;
  try {
    return [OUTPUT, Buffer.from(examine(value, '', what) ? write(value, '') : JSON.stringify(value))];
  } catch (e) {
    if (e instanceof RangeError) throw new TypeError(`${name}: ${what} is nested too deep: is it a cycle?`);
    if (e instanceof Unfit) throw new TypeError(`${name}: ${e.message}`);
    throw e; // of a toJSON
  }
}

class Unfit extends Error {}

// examine throws where JSON cannot carry value, and reports whether JSON.stringify would change a number in it.
function examine(value, key, path) {
  switch (typeof value) {
    case 'string':
      if (!wellFormed(value)) throw new Unfit(`${path} holds half of a surrogate pair`);
      return false;
    case 'number':
      if (!Number.isFinite(value)) throw new Unfit(`${path} is ${value}, which JSON cannot carry`);
      return Object.is(value, -0) || Number.isInteger(value) && !Number.isSafeInteger(value);
    case 'boolean': return false;
    case 'bigint': return true;
    case 'object': return value !== null && examineObject(value, key, path);
    default: throw new Unfit(`${path} is ${value === undefined ? 'undefined' : a(typeof value)}, which JSON cannot carry`);
  }
}

function examineObject(value, key, path) {
  if (types.isDate(value) && Number.isNaN(value.getTime())) throw new Unfit(`${path} is an invalid Date`);
  if (typeof value.toJSON === 'function' && !Buffer.isBuffer(value)) return examine(value.toJSON(key), key, path);
  if (types.isBoxedPrimitive(value)) return examine(value.valueOf(), key, path);
  let odd = false;
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) odd = examine(value[i], `${i}`, `${path}[${i}]`) || odd;
    return odd;
  }
  refuse(value, path);
  for (const k of Object.keys(value)) {
    if (!wellFormed(k)) throw new Unfit(`a key of ${path} holds half of a surrogate pair`);
    if (value[k] !== undefined) odd = examine(value[k], k, `${path}.${k}`) || odd;
  }
  return odd;
}

// refuse throws for objects of which JSON.stringify would make something else, or {}.
function refuse(value, path) {
  const name = value.constructor?.name || 'object without a class';
  if (ArrayBuffer.isView(value) || types.isAnyArrayBuffer(value)) {
    throw new Unfit(`${path} is ${a(name)}: bytes are a Buffer, and only as a whole result; inside of one use base64`);
  }
  if (types.isNativeError(value)) throw new Unfit(`${path} is ${a(name)}: an error is thrown, or its message returned`);
  if (value[Symbol.iterator] || value[Symbol.asyncIterator]) {
    throw new Unfit(`${path} is ${a(name)}: return an array, or Object.fromEntries of it`);
  }
  const prototype = Object.getPrototypeOf(value);
  const plain = prototype === null || Object.getPrototypeOf(prototype) === null;
  if (!plain && Object.keys(value).length === 0) throw new Unfit(`${path} is ${a(name)}, which has no fields that JSON can carry`);
}

const wellFormed = (s) => s.isWellFormed?.() ?? !/\p{Surrogate}/u.test(s);
const a = (name) => `${/^[aeiou]/i.test(name) ? 'an' : 'a'} ${name}`;

// write is JSON.stringify for what examine has found odd: -0 keeps its sign, a BigInt its digits, and a number whose last
// digits may have been lost is written as a fraction is, so that no integer can be read from it.
function write(value, key) {
  if (typeof value === 'bigint') return `${value}`;
  if (typeof value === 'number') {
    if (Object.is(value, -0)) return '-0';
    return Number.isInteger(value) && !Number.isSafeInteger(value) ? value.toExponential() : `${value}`;
  }
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (typeof value.toJSON === 'function') return write(value.toJSON(key), key);
  if (types.isBoxedPrimitive(value)) return write(value.valueOf(), key);
  if (Array.isArray(value)) return `[${value.map((v, i) => write(v, `${i}`)).join()}]`;
  const fields = Object.keys(value).filter((k) => value[k] !== undefined);
  return `{${fields.map((k) => `${JSON.stringify(k)}:${write(value[k], k)}`).join()}}`;
}

const MARK = `\u{e000}${require('node:crypto').randomUUID()}`; // begins a string that stands for a BigInt

// decode reads an input. An integer that a number would change is a BigInt.
function decode(body) {
  const text = body.toString();
  if (!/\d{16}/.test(text)) return JSON.parse(text);
  let marked = false;
  const safe = text.replace(/"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g, (token) => {
    if (token.length < 16 || !/^-?\d+$/.test(token) || String(Number(token)) === token) return token;
    marked = true;
    return `"${MARK}${token}"`;
  });
  if (!marked) return JSON.parse(text);
  return JSON.parse(safe, (_, v) => (typeof v === 'string' && v.startsWith(MARK) ? BigInt(v.slice(MARK.length)) : v));
}

module.exports = { OUTPUT, RAW_OUTPUT, decode, encode };
