# Measures what Ruby's global lock does: probe.rb EXPERIMENT key=value ... prints one JSON object, as probe.py does.
require "json"

def clock = Process.clock_gettime(Process::CLOCK_MONOTONIC)

def quantile(xs, q) = xs.sort[[xs.size - 1, (q * xs.size).to_i].min]

def count(n)
  n -= 1 while n > 0
end

# n threads compute, and note when the lock comes to another of them.
def switch(n:, dur:)
  seen, last, stop = [], -1, false
  threads = n.to_i.times.map do |i|
    Thread.new do
      until stop
        if last != i
          last = i
          seen << clock
        end
      end
    end
  end
  start = clock
  sleep dur
  stop = true
  threads.each(&:join)
  holds = seen.each_cons(2).map { |a, b| b - a }
  { per_s: seen.size / (clock - start), hold_p50: quantile(holds, 0.5) }
end

# A thread sleeps for some milliseconds, again and again, beside threads that compute: how late is it?
def sleeper(beside:, dur:, each: 2)
  stop, late = false, []
  threads = beside.to_i.times.map { Thread.new { count(200) until stop } }
  finish = clock + dur
  while (at = clock) < finish
    sleep each / 1e3
    late << clock - at - each / 1e3
  end
  stop = true
  threads.each(&:join)
  { p50: quantile(late, 0.5), mean: late.sum / late.size }
end

args = ARGV[1..].to_h { |a| k, v = a.split("=", 2); [k.to_sym, v.to_f] }
puts JSON.generate(method(ARGV[0]).call(**args))
