package inspect

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/eventloop"
	"github.com/quartet-go/quartet/gil"
	"github.com/quartet-go/quartet/internal/draw"
	"github.com/quartet-go/quartet/procpool"
)

// loopMark is the health of a loop at a look; the zero one of any other executor. Utilization is a
// share of a time, so it needs two looks. It is kept with each look, as Utilization compares two. A
// pool or a lock has none, and since then returns 0 for it.
type loopMark struct{ health eventloop.Health }

// since returns the loop's utilization since an earlier look. It is a share, from 0 to 1, whatever
// the two readings say.
func (m loopMark) since(before loopMark) float64 {
	return min(1, max(0, m.health.Utilization(before.health)))
}

// describe adds to x what the kind of executor offers besides the contract. Each is found by an
// interface and not by a type, so that wrappers and views are seen through. It is called without
// the subject's lock: each of these takes a lock of the executor's.
//
// Each of these methods answers by itself, so the numbers of one look may differ by the tasks that
// end in between. A page needs no more. mark is returned and not stored: the caller keeps it with
// the look, under its lock.
func describe(ex quartet.Executor, x *Executor, now time.Time) (mark loopMark) {
	if l, ok := quartet.As[interface{ Health() eventloop.Health }](ex); ok {
		mark.health = l.Health()
		x.Loop = newLoop(mark.health)
	}
	// A loop that has Busy has Health, too, so x.Loop is there.
	if l, ok := quartet.As[interface {
		Busy() (time.Duration, string, bool)
	}](ex); ok {
		// Busy's first paragraph names the task; the rest is the stack. ok is false while no
		// callback has run for long; then no stack was read.
		if ran, stack, ok := l.Busy(); ok {
			name, stack, _ := strings.Cut(stack, "\n\n")
			x.Loop.Current = &Callback{Func: draw.Clean(name), Ran: ran, Stack: clipped(stack)}
		}
	}
	if l, ok := quartet.As[interface{ Contention() gil.Contention }](ex); ok {
		x.Lock = newLock(l.Contention())
	}
	// Its own order, by lane, is kept: a person follows one process from one refresh to the next.
	if p, ok := quartet.As[interface{ Workers() []procpool.Worker }](ex); ok {
		for _, w := range p.Workers() {
			x.Workers = append(x.Workers, newWorker(w, now))
		}
	}
	if p, ok := quartet.As[interface{ Restarts() map[string]uint64 }](ex); ok {
		x.Restarts = p.Restarts()
	}
	return mark
}

// newLoop takes a loop's Health over. Names come from the program, and are cleaned for the page.
// Utilization is that since the loop's beginning here; rate puts that of the window in its place
// once there is an earlier look. Holds are sorted, since a map's order would make the page jump at
// each refresh.
func newLoop(h eventloop.Health) *Loop {
	l := &Loop{
		Utilization: h.Utilization(eventloop.Health{}), LagP50: h.Lag.Quantile(.5), LagP99: h.Lag.Quantile(.99),
		Pending: h.Pending, Conns: h.Conns, Blocked: h.Blocked, Dropped: h.Dropped,
	}
	for _, name := range slices.Sorted(maps.Keys(h.Holds)) {
		l.Holds = append(l.Holds, draw.Clean(name))
	}
	for _, c := range h.Longest {
		l.Slow = append(l.Slow, Callback{Func: draw.Clean(c.Func), Ran: c.Ran})
	}
	return l
}

// mostConvoys bounds the list of convoys. A program with many locks and threads has a convoy for
// each pair.
const mostConvoys = 20

// newLock takes a lock's Contention over, with the worst convoys first. c is a copy that belongs to
// the caller, so it may be sorted in place.
func newLock(c gil.Contention) *Lock {
	l := &Lock{
		Waiters: c.Waiters, Longest: c.Longest, Switches: c.Switches, Forced: c.Forced,
		WaitP50: c.Wait.Quantile(.5), WaitP99: c.Wait.Quantile(.99),
	}
	for _, name := range c.Holders {
		l.Holders = append(l.Holders, draw.Clean(name))
	}
	slices.SortFunc(c.Convoys, func(a, b gil.Convoy) int { return cmp.Compare(b.Waited, a.Waited) })
	for _, v := range c.Convoys[:min(len(c.Convoys), mostConvoys)] {
		v.VictimLabel, v.CulpritLabel = draw.Clean(v.VictimLabel), draw.Clean(v.CulpritLabel)
		l.Convoys = append(l.Convoys, v.String())
	}
	return l
}

// newWorker takes the state of a worker process over. A worker that runs nothing has a zero Since,
// and the page says idle. max keeps a negative size from becoming a huge number.
func newWorker(w procpool.Worker, now time.Time) Worker {
	v := Worker{
		PID: w.PID, State: w.State.String(), Age: now.Sub(w.Started), Calls: w.Calls,
		Memory: uint64(max(0, w.Memory)),
	}
	if w.Since.IsZero() {
		return v
	}
	v.RunsFor = max(0, now.Sub(w.Since))
	v.Running = draw.Clean(w.Func)
	if w.Label != "" {
		v.Running = fmt.Sprintf("%s (%s)", draw.Clean(w.Label), v.Running)
	}
	return v
}
