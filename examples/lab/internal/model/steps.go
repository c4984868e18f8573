package model

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/eventloop"
)

// Queues are the loop's five, in the order in which the page shows them.
var Queues = []string{
	eventloop.QueueTicks, eventloop.QueueMicrotasks, eventloop.QueueTimers, eventloop.QueuePosted,
	eventloop.QueueImmediates,
}

// Frame is the loop between two callbacks.
type Frame struct {
	Ran    string              `json:"ran"`  // the callback before; "" at the beginning
	From   string              `json:"from"` // the queue in which it was
	At     time.Duration       `json:"at"`
	Queues map[string][]string `json:"queues"` // who waits, the first first
}

// Limits of a loop's program.
const (
	mostCallbacks = 60
	mostProgram   = 2000
)

// Steps runs a program on a real loop, in virtual time, and returns a frame for each callback. Each
// line of the program says what a callback queues:
//
//	main: timer A 5, immediate B, tick C
//	A: microtask D, post E
//
// A timer has milliseconds, 0 by default.
func Steps(program string) ([]Frame, error) {
	p, err := parseProgram(program)
	if err != nil {
		return nil, err
	}
	s := &stepper{
		program: p, names: make(map[uint64]string), clock: &eventloop.Clock{},
		queues: make(map[string][]string),
	}
	s.loop = eventloop.New(eventloop.Config{Clock: s.clock, Callbacks: s})
	s.naming = "main"
	err = s.loop.Post(func() { s.run("main") })
	s.frame("", "")
	for ran := true; ran && err == nil && s.err == nil; {
		ran, err = s.loop.Step()
	}
	_ = s.loop.Close() // nothing is left in it, or it was too much
	if err := cmp.Or(s.err, err); err != nil {
		return nil, err
	}
	return s.frames, nil
}

// call is what a callback queues.
type call struct {
	kind, name string
	after      time.Duration
}

// parseProgram returns the calls of each callback.
func parseProgram(text string) (map[string][]call, error) {
	if len(text) > mostProgram {
		return nil, fmt.Errorf("lab: a program of %d letters is too long", len(text))
	}
	program := make(map[string][]call)
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		name, rest, ok := strings.Cut(line, ":")
		if !ok {
			return nil, fmt.Errorf("lab: %q has no colon", line)
		}
		for part := range strings.SplitSeq(rest, ",") {
			c, err := parseCall(part)
			if err != nil {
				return nil, err
			}
			program[strings.TrimSpace(name)] = append(program[strings.TrimSpace(name)], c)
		}
	}
	if len(program["main"]) == 0 {
		return nil, fmt.Errorf("lab: no line is that of main")
	}
	return program, nil
}

func parseCall(text string) (c call, err error) {
	words := strings.Fields(text)
	if len(words) < 2 || len(words) > 3 {
		return c, fmt.Errorf("lab: %q is not a word and a name", strings.TrimSpace(text))
	}
	c.kind, c.name = words[0], words[1]
	if !slices.Contains([]string{"timer", "post", "immediate", "tick", "microtask"}, c.kind) {
		return c, fmt.Errorf("lab: %q is not timer, post, immediate, tick or microtask", c.kind)
	}
	if len(words) == 3 {
		var n int
		if _, err := fmt.Sscanf(words[2], "%d", &n); err != nil || n < 0 || n > 10_000 || c.kind != "timer" {
			return c, fmt.Errorf("lab: %q: only a timer has milliseconds, from 0 to 10000", strings.TrimSpace(text))
		}
		c.after = time.Duration(n) * time.Millisecond
	}
	return c, nil
}

// stepper shows the queues of a loop. All of it happens on the goroutine that steps.
type stepper struct {
	program map[string][]call
	loop    *eventloop.Loop
	clock   *eventloop.Clock
	names   map[uint64]string
	naming  string // what is queued next
	queues  map[string][]string
	frames  []Frame
	err     error
}

// run is the callback with a name.
func (s *stepper) run(name string) {
	for _, c := range s.program[name] {
		if len(s.names) == mostCallbacks {
			s.err = fmt.Errorf("lab: the program queues more than %d callbacks", mostCallbacks)
			s.loop.Stop() // also in a chain of ticks, since nothing more is queued
			return
		}
		s.naming = c.name
		next := func() { s.run(c.name) }
		switch c.kind {
		case "timer":
			s.loop.AfterFunc(c.after, next)
		case "post":
			_ = s.loop.Post(next) // the loop is open
		case "immediate":
			s.loop.Immediate(next)
		case "tick":
			s.loop.NextTick(next)
		case "microtask":
			s.loop.Microtask(next)
		}
	}
}

// Observe implements [quartet.Observer].
func (s *stepper) Observe(e quartet.Event) {
	switch e.Kind {
	case quartet.EventQueued:
		s.names[e.Task] = s.naming
		s.queues[e.Detail] = append(s.queues[e.Detail], s.naming)
	case quartet.EventStarted:
		name := s.names[e.Task]
		if i := slices.Index(s.queues[e.Detail], name); i >= 0 {
			s.queues[e.Detail] = slices.Delete(s.queues[e.Detail], i, i+1)
		}
	case quartet.EventEnded:
		s.frame(s.names[e.Task], e.Detail)
	}
}

func (s *stepper) frame(ran, from string) {
	f := Frame{Ran: ran, From: from, At: s.clock.Now().Sub(time.Unix(0, 0)), Queues: make(map[string][]string)}
	for _, q := range Queues {
		f.Queues[q] = append([]string{}, s.queues[q]...)
	}
	s.frames = append(s.frames, f)
}
