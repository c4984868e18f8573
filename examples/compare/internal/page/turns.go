package page

import (
	"slices"
	"time"

	"github.com/quartet-go/quartet/eventloop"
)

// queues of a loop, in the order in which a turn looks at them.
var queues = []string{"timers", "posted", "immediates"}

// program is what the loop runs in the pictures of its steps, as turns has it.
const program = `loop.Post(func() { // A
    loop.Immediate(func() { // C
        loop.Immediate(func() {}) // F
        loop.Microtask(func() {})
    })
    loop.Microtask(func() {})
    loop.NextTick(func() {})
    loop.AfterFunc(0, func() {}) // D
})
loop.Post(func() { // B
    loop.Post(func() {}) // E
})
`

// Frame is a loop before one callback, and what then ran: the callback, with the ticks and
// microtasks behind it.
type Frame struct {
	Queues []Queue
	Ran    []string
}

// Queue has the names of its entries.
type Queue struct {
	Name string
	In   []string
}

// tracer notes what a real loop is given, and what it runs.
type tracer struct {
	loop   *eventloop.Loop
	queued map[string][]string
	ran    []string
}

// in notes that a callback is queued, and returns it.
func (t *tracer) in(queue, name string, then func()) func() {
	t.queued[queue] = append(t.queued[queue], name)
	return func() {
		t.queued[queue] = slices.DeleteFunc(t.queued[queue], func(n string) bool { return n == name })
		t.runs(name)
		then()
	}
}

func (t *tracer) runs(name string) { t.ran = append(t.ran, name) }

// turns runs a small program on a loop, callback by callback.
func turns(n int) (frames []Frame, err error) {
	t := &tracer{loop: eventloop.New(eventloop.Config{}), queued: make(map[string][]string)}
	defer func() { _ = t.loop.Close() }()
	nothing := func() {}
	err = t.loop.Post(t.in("posted", "A", func() {
		t.loop.Immediate(t.in("immediates", "C", func() {
			t.loop.Immediate(t.in("immediates", "F", nothing))
			t.loop.Microtask(func() { t.runs("microtask of C") })
		}))
		t.loop.Microtask(func() { t.runs("microtask of A") })
		t.loop.NextTick(func() { t.runs("tick of A") })
		t.loop.AfterFunc(0, t.in("timers", "D", nothing))
	}))
	if err != nil {
		return nil, err
	}
	if err := t.loop.Post(t.in("posted", "B", func() { _ = t.loop.Post(t.in("posted", "E", nothing)) })); err != nil {
		return nil, err
	}
	for len(frames) < n {
		f := Frame{}
		for _, q := range queues {
			f.Queues = append(f.Queues, Queue{q, slices.Clone(t.queued[q])})
		}
		t.ran = nil
		if ran, err := t.loop.Step(); err != nil || !ran {
			if err != nil {
				return nil, err
			}
			time.Sleep(time.Millisecond) // until the timer is due
			continue
		}
		f.Ran = t.ran
		frames = append(frames, f)
	}
	return frames, nil
}
