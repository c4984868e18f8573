package workerpool

import (
	"container/list"
	"context"
	"sync"
	"time"

	"github.com/quartet-go/quartet"
)

// Clock is virtual time for pools: for simulations, lessons and tests that need no bubble of
// testing/synctest. It begins at the Unix epoch, in UTC. The zero Clock is ready; give it to any
// number of pools as Config.Clock.
//
// Time and tasks stand still until [Clock.Run]. Then the clients given to [Clock.Go] and the tasks
// of the pools run one at a time, each until it waits by a waiting word, and time jumps to the next
// end of a Sleep when nobody can run. So a program gives the same figures each time. A task that
// stands for one that computes sleeps: that keeps its slot, as computing does, and the other
// workers go on.
//
// Other goroutines have no part in the order: a goroutine that a task or a client starts itself
// must not use that one's context to wait. While a func given to quartet.Block or quartet.Lend
// runs, time stands still. The deadlines of contexts are in real time, but those of
// [Clock.WithTimeout]. A switch from one goroutine to the next costs about a microsecond.
type Clock struct {
	// mu guards the fields below. It is not held while a goroutine has its turn. Lock order: a
	// pool's lock may be held while this one is taken (Now, waiting), never the other way round.
	mu    sync.Mutex
	since time.Duration
	run   context.Context // Run's; nil: it is not called
	rests chan struct{}   // closed when Run is to return; nil: it has been
	// While it is not 0, goroutines are driven also outside of Run.
	stops  int     // calls that stop pools from outside
	holder *turn   // who has the turn; nil: nobody runs
	ready  []*turn // in the order in which they became ready
	timers timers
	// A list, since any turn may leave it, and endedLocked looks at all in the order in which they
	// came.
	watched list.List // of turns: those that wait
	made    uint64
	parked  int // of watched: goroutines
	away    int // in Block or Lend
}

// Now returns the clock's time. Any goroutine may call it.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at(c.since)
}

func (c *Clock) at(since time.Duration) time.Time { return time.Unix(0, int64(since)).UTC() }

// Go starts a client: a func on a goroutine of its own which is no task of a pool, and submits
// tasks. With its ctx, which is one below the given, the waiting words, Await, Shutdown and a
// submit's wait for room wait in virtual time. It begins in Run. Any goroutine may call Go.
func (c *Clock) Go(ctx context.Context, fn func(ctx context.Context)) {
	if ctx == nil || fn == nil {
		panic("workerpool: Clock.Go of a nil Context or func")
	}
	t := c.newReady()
	go func() {
		<-t.granted
		defer c.leave()
		fn(clientCtx{ctx, (*client)(c)})
	}()
}

// Run has the clients and the tasks run until nobody can run any more, or ctx has ended: then it
// returns ctx's cause when those that run now have come to a wait, and Run may be called again. A
// ctx of [Clock.WithTimeout] has it run for a stretch of virtual time. quartet.ErrDeadlock says
// that somebody waits for what cannot come. Run returns nil when all have ended, or wait for work.
// It panics when it is called from inside.
func (c *Clock) Run(ctx context.Context) error {
	if ctx == nil {
		panic("workerpool: Clock.Run with a nil Context")
	}
	rests := c.begin(ctx)
	stop := context.AfterFunc(ctx, c.look)
	<-rests
	stop()
	return c.end(ctx)
}

// begin has the goroutines run. The channel is closed when all rest.
func (c *Clock) begin(ctx context.Context) (rests <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.run != nil {
		panic("workerpool: Clock.Run of a Clock that runs")
	}
	c.run, c.rests = ctx, make(chan struct{})
	rests = c.rests
	c.calledLocked()
	return rests
}

// end says how Run ended. Goroutines that are parked wait for something that only others could
// bring; workers without work are not among them.
func (c *Clock) end(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.run = nil
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case c.parked > 0:
		return quartet.ErrDeadlock
	}
	return nil
}

// look has Run return if its context has ended and nobody runs.
func (c *Clock) look() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.restLocked()
}

// restLocked has Run return if nobody runs, and nobody will. A func in Block may still come back,
// so Run waits for it, unless its own ctx has ended.
func (c *Clock) restLocked() {
	if c.holder == nil && c.rests != nil && (c.away == 0 || c.run.Err() != nil) {
		close(c.rests)
		c.rests = nil
	}
}

// drivenLocked reports whether goroutines may run. That is within Run, and while a pool is stopped
// from outside: Close must be able to let its tasks end.
func (c *Clock) drivenLocked() bool {
	return c.stops > 0 || c.rests != nil && c.run.Err() == nil
}

// WithTimeout returns a context that ends after d of the clock's time, with
// context.DeadlineExceeded, and whose Deadline is in that time: Config.RejectLate judges by it.
// Time goes on until then, unless cancel is called before. Any goroutine may call it.
func (c *Clock) WithTimeout(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	below, cancel := context.WithCancelCause(ctx)
	t := c.after(context.Background(), d, func() { cancel(context.DeadlineExceeded) })
	return &timeoutCtx{below, c.at(t.when)}, func() {
		c.drop(t)
		cancel(context.Canceled)
	}
}
