// Gilwhatif answers what a planner asks about a service in Python: so many requests a second
// arrive, each waits so often and is wanted within such a time, so many threads of the process do
// other things; does that go well, and would it with another lock: interpreters that have locks of
// their own, processes, no lock? It simulates each for some seeds and on machines whose constants
// are 30 % better and worse. The bands are from the least to the most of these, wider by what the
// simulator may be off by; where a band holds both answers, it says so. -machine measured takes the
// constants of this machine. With no flags:
//
//	A request computes for 2ms, 1.2ms of it under the lock, and waits for 8ms at once (wide); 4 cores, switch interval 5ms,
//	0 other threads that compute; machine: preset.
//
//	300 requests a second arrive, 8 threads take them; wanted: 99 of 100 within 200ms
//	                     answered/s   99 of 100 within          as wanted?
//	one lock                    304   43.6 ms (25.4–111)        yes
//	4 interpreters              304   40 ms (24.1–108)          yes
//	4 processes                 304   39.5 ms (24–107)          yes
//	no lock                     304   40 ms (24.1–105)          yes
//
//	the most 8 threads do  requests/s  (least–most)   of the best   knee at
//	one lock                       596  (414–838)              74%   8.3 threads
//	4 interpreters                 757  (523–1070)             95%   20.0 threads
//	4 processes                    753  (522–1060)             95%   19.6 threads
//	no lock                        772  (531–1088)             98%   19.1 threads
//
//	8 threads are below the knee of one lock. Times as much: 4 interpreters 1.3, 4 processes 1.3, no lock 1.3.
//	It was measured on 2 cores: that it is as right about 4 is not known.
//
//	requests/s
//	    2676 |
//	         |
//	         |
//	         |
//	         |                                                 *         *
//	    1784 |
//	         |
//	         |                                       *
//	         |
//	         |
//	     892 |                               .............................
//	         |                           ...*        L         L         L
//	         |                      .....   L
//	         |             .......*.
//	         |*.........*..
//	       0 |
//	         +------------------------------^-----------------------------
//	          1         2         4         8        16        32        64 threads
//
//	L one lock   i 4 interpreters   p 4 processes   f no lock   * more than one
//	. the most that one lock can do: min(n/(c+b), 1/c, cores/CPU)   ^ its knee
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"time"
)

func main() {
	err := run(os.Args[1:], os.Stdout)
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "gilwhatif:", err)
		os.Exit(2)
	}
}

func run(args []string, out io.Writer) error {
	q := question{}
	flags := flag.NewFlagSet("gilwhatif", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.IntVar(&q.rate, "rate", 300, "`requests` a second that arrive, independently; 0: only the most is asked for")
	flags.DurationVar(&q.p99, "p99", 200*time.Millisecond, "the `time` within which 99 of 100 requests are wanted")
	flags.IntVar(&q.threads, "threads", 8, "`threads` that take requests")
	flags.IntVar(&q.most, "most", 64, "the most `threads` in the chart")
	flags.DurationVar(&q.cpu, "cpu", 2*time.Millisecond, "CPU `time` of a request")
	flags.IntVar(&q.locked, "locked", 60, "`percent` of it under the lock; the rest is in libraries that release it")
	flags.DurationVar(&q.wait, "wait", 8*time.Millisecond, "`time` that a request waits, for a database say")
	flags.IntVar(&q.waits, "waits", 1, "into how many `waits` it is divided, with as much computing before each")
	flags.IntVar(&q.others, "others", 0, "other `threads` of the process, which compute all the time")
	flags.StringVar(&q.machine, "machine", "preset",
		"constants of the machine: `preset`, which is a virtual machine under Linux, or measured here")
	flags.StringVar(&q.spread, "spread", "wide", "how these times differ: `const`, narrow, exp or wide")
	flags.DurationVar(&q.interval, "interval", 5*time.Millisecond, "the switch interval, a `time`")
	flags.IntVar(&q.cores, "cores", 4, "the machine's `cores`")
	flags.IntVar(&q.locks, "locks", 0, "`number` of interpreters, and of processes; 0: as many as cores")
	flags.DurationVar(&q.handover, "handover", 50*time.Microsecond,
		"CPU `time` to bring a request to another process and back; package procpool takes some 20 to 50µs")
	flags.Float64Var(&q.slowdown, "slowdown", 1.1,
		"how many `times` as long computing takes without the lock: CPython's documentation has 1.05 to 1.1 for 3.14, and 1.4 for 3.13")
	flags.IntVar(&q.seeds, "seeds", 5, "`number` of seeds")
	flags.DurationVar(&q.span, "for", 0, "simulated `time`; 0: enough for 2,000 requests")
	svg := flags.String("svg", "", "write the chart as a picture into this `file`")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			flags.SetOutput(out)
			flags.Usage()
		}
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("what is %q? There are only flags", flags.Arg(0))
	}
	if err := q.check(); err != nil {
		return err
	}
	answer, err := q.answer()
	if err != nil {
		return err
	}
	if err := answer.write(out); err != nil || *svg == "" {
		return err
	}
	return os.WriteFile(*svg, []byte(answer.svg()), 0o644)
}
