const fs = require("fs"), net = require("net"), { performance } = require("perf_hooks")
const threads = () => /Threads:\s+(\d+)/.exec(fs.readFileSync("/proc/self/status"))[1]
const fib = n => n < 2 ? n : fib(n - 1) + fib(n - 2)
const wait = () => new Promise(done => setTimeout(done, 10))
async function median(name, fn) {
  const times = []
  for (let i = 0; i < 7; i++) {
    const began = performance.now()
    await fn()
    times.push(performance.now() - began)
  }
  console.log(name, times.sort((a, b) => a - b)[3].toFixed(1), "ms")
}
(async () => {
  await median("fib(27)", () => fib(27))
  await median("1000 waits of 10 ms", () => Promise.all(Array.from({ length: 1000 }, wait)))
  for (const host of ["127.0.0.1", "localhost"]) {
    const before = threads(), server = net.createServer().listen(0)
    await Promise.all(Array.from({ length: 1000 }, () => new Promise(done => net.connect(server.address().port, host, done))))
    console.log("1000 connections to", host, "added", threads() - before, "threads")
  }
  process.exit()
})()
