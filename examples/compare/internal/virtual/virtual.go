// Package virtual plays compare's scenarios on models of its models: programs for the simulated
// machine of package gil, in virtual time, exact and repeatable. A pool is threads without a lock,
// a process an interpreter with a lock of its own, a message to it costs CPU time; requests come
// from a client that has no part in the machine's locks.
//
// A loop and a pool are threads of that machine, and not package eventloop and package workerpool
// under their virtual clocks. Those clocks charge nothing for a switch, a wake-up or a turn of a
// queue, and they move by themselves: a loop and the threads of a lock would not compete for the
// same cores, nor would a pool's workers. A step of a thread waits for a queue or for a time, not
// for the first of both, so that a loop's timers have a thread of their own.
package virtual

import (
	"context"
	"slices"
	"time"

	"github.com/quartet-go/quartet/examples/compare/internal/load"
	"github.com/quartet-go/quartet/examples/compare/internal/model"
	"github.com/quartet-go/quartet/examples/compare/internal/result"
	"github.com/quartet-go/quartet/gil"
)

// What a request costs, besides what it asks for: to take it up, and to go on after it has waited.
// What a message to a process, or from one, costs each side, where several travel together.
const (
	handling = 5 * time.Microsecond
	message  = 5 * time.Microsecond
)

// Cores is how many the simulated machine has.
const Cores = 2

const (
	interval = 5 * time.Millisecond   // Python's
	stretch  = 100 * time.Millisecond // simulated at once
)

// Models are those of compare as they are simulated: models of models.
func Models(all []load.Model) []load.Model {
	all = slices.Clone(all)
	for i := range all {
		all[i].Kind, all[i].Open = result.Modelled, nil
	}
	return all
}

// Measure returns what a Plan's Measure is in virtual time. The seed, and the round, decide the
// machine's jitter.
func Measure(seed uint64) func(load.Model, load.Setup, load.Scenario) load.Sample {
	return func(m load.Model, s load.Setup, sc load.Scenario) load.Sample {
		w := newWorld(sc, s.Observer)
		policy := w.build(m.Name, s.Workers)
		cfg := gil.Config{Policy: policy, Cores: Cores, Seed: seed<<8 + uint64(s.Round), Observer: w}
		machine := gil.Start(cfg, w.threads...)
		for !w.over() {
			// In the end all wait for requests that do not come.
			if err := machine.Advance(context.Background(), stretch); err != nil && !w.over() {
				panic(err) // a deadlock would be a fault of this package
			}
		}
		return w.sample(machine.Report())
	}
}

// build makes the threads of a model, and says how they share locks.
func (w *world) build(name string, workers int) gil.Policy {
	lock, processes := gil.Interval(interval), min(workers, Cores)
	switch name {
	case "inline":
		w.serve(w.pool("inline", 1, 0, 0))
	case "loop":
		w.loop("eventloop", 0, nil)
	case "loops(k)":
		w.cluster(processes)
	case "loop+pool":
		w.loop("eventloop", 0, w.pool("workerpool", workers, 0, 0))
	case "loop+processes":
		w.loop("eventloop", message, w.pool("procpool", processes, message, 1))
		return gil.PerInterpreter(1+processes, lock)
	case "loop+gil thread":
		w.loop("loop thread", 0, w.pool("gil", w.heavy(), 0, 0)).python(model.CallsToRead)
		return lock
	case "gil threads":
		w.serve(w.perRequest())
		return lock
	case "gil per interpreter":
		w.serve(w.perRequest())
		return gil.PerInterpreter(processes, lock)
	case "pool(k)":
		w.serve(w.pool("workerpool", workers, 0, 0))
	case "processes(k)":
		w.serve(w.pool("procpool", processes, 2*message, 0)) // who sends them their requests is outside
		return gil.PerInterpreter(processes, lock)
	case "goroutines":
		w.serve(w.pool("goroutines", w.all(), 0, 0))
	default:
		panic("compare: no simulation of " + name)
	}
	return gil.Free()
}

// serve has requests come to the servers of a mailbox.
func (w *world) serve(front *mailbox) {
	w.front = front
	w.arrive()
}

// loop has requests come to a loop, which leaves heavy work to helpers, if it has any.
func (w *world) loop(executor string, cost time.Duration, helpers *mailbox) *server {
	box := w.newMailbox()
	if helpers != nil {
		helpers.back = true
	}
	s := &server{in: box, lane: lane{executor, 0}, clock: w.clock(box), helpers: helpers, cost: cost}
	w.start(s, 0)
	w.serve(box)
	return s
}

// pool makes so many servers that take requests from one mailbox. They are dealt to the
// interpreters, from first on.
func (w *world) pool(executor string, workers int, cost time.Duration, first int) *mailbox {
	box := w.newMailbox()
	for i := range workers {
		w.start(&server{in: box, cost: cost, lane: lane{executor, i}}, first+i)
	}
	return box
}

// perRequest makes a thread for each request, which has waited for it in recv.
func (w *world) perRequest() *mailbox {
	box := w.newMailbox()
	for i := range w.all() {
		s := &server{in: box, lane: lane{"gil", i}}
		s.python(0)
		w.start(s, i)
	}
	return box
}

// python makes s a server in Python, with so many calls of the kernel to read a request.
func (s *server) python(reads int) {
	s.reads, s.socket, s.takes = reads, true, model.Interpreting
}

// start makes a server's thread.
func (w *world) start(s *server, interpreter int) {
	s.w = w
	w.threads = append(w.threads, gil.StepThread{Label: s.lane.String(), Step: s.step, Interpreter: interpreter})
	w.servers = append(w.servers, s)
}

// all is how many threads there are where each request has its own: as many as there can be
// requests at once. heavy is how many of them are heavy.
func (w *world) all() int { return min(1000, len(w.requests())) }

func (w *world) heavy() (n int) {
	for _, r := range w.requests() {
		if r.Heavy {
			n++
		}
	}
	return n
}
