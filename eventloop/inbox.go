package eventloop

import (
	"sync"
	"sync/atomic"

	"github.com/quartet-go/quartet"
)

// inbox is what has been posted, and no turn has taken. It has a lock of its own, which is taken after the intake's where
// both are: a post needs no other, and finds it free within a few instructions.
type inbox struct {
	_     [64]byte // lines of the processor's cache of its own
	mu    sync.Mutex
	queue queue
	calls int         // callbacks in queue; the rest are of tasks
	most  int         // that were in queue
	shut  bool        // callbacks from outside are refused; written under both locks
	full  atomic.Bool // something is in queue; written under the lock
	_     [64]byte
}

// patience is how often a post tries to get the lock before it parks, which takes a hundred times as long as the lock is
// held. (A Mutex parks at once where other goroutines could run: 16 producers took twice as long.)
const patience = 100

func (b *inbox) lock() {
	if !b.mu.TryLock() {
		b.lockPatiently()
	}
}

func (b *inbox) lockPatiently() {
	for range patience {
		if b.mu.TryLock() {
			return
		}
	}
	b.mu.Lock()
}

// add is locked. first: the inbox was empty, and the loop may be asleep.
func (b *inbox) add(e entry) (first bool) {
	b.queue.push(e)
	if e.fn != nil {
		b.calls++
	}
	if b.queue.size > 1 {
		return false
	}
	b.full.Store(true)
	return true
}

// post adds fn, or refuses it. It is postAll of one, apart since a slice and a loop would be a twentieth of its time.
func (b *inbox) post(fn func()) (first bool, err error) {
	b.lock()
	if b.shut {
		b.mu.Unlock()
		return false, quartet.ErrClosed
	}
	first = b.add(entry{fn: fn})
	b.mu.Unlock()
	return first, nil
}

// postAll adds fns, or refuses them all.
func (b *inbox) postAll(fns []func()) (first bool, err error) {
	b.lock()
	if b.shut {
		b.mu.Unlock()
		return false, quartet.ErrClosed
	}
	for _, fn := range fns {
		first = b.add(entry{fn: fn}) || first
	}
	b.mu.Unlock()
	return first, nil
}

// take moves what is there into the empty queue to.
func (b *inbox) take(to *queue) {
	b.lock()
	b.most = max(b.most, b.queue.size)
	b.queue.swap(to)
	b.calls = 0
	b.full.Store(false)
	b.mu.Unlock()
}

// drop takes out what is unwanted, and returns how many that were.
func (b *inbox) drop(unwanted func(entry) bool) (dropped int) {
	b.lock()
	defer b.mu.Unlock()
	dropped = b.queue.drop(func(e entry) bool {
		out := unwanted(e)
		if out && e.fn != nil {
			b.calls--
		}
		return out
	})
	b.full.Store(b.queue.size > 0)
	return dropped
}

// close refuses callbacks from now on. It reports false when it did already.
func (b *inbox) close() (first bool) {
	b.lock()
	defer b.mu.Unlock()
	first, b.shut = !b.shut, true
	return first
}

// lens are how many are there, how many of them callbacks, and the most that were.
func (b *inbox) lens() (all, calls, most int) {
	b.lock()
	defer b.mu.Unlock()
	return b.queue.size, b.calls, max(b.most, b.queue.size)
}

// Post has fn run on the loop, after what was posted before. It returns [quartet.ErrClosed] after Shutdown or Close
// began; what was accepted earlier runs, unless Close drops it. It never blocks and allocates nothing.
func (l *Loop) Post(fn func()) error {
	if fn == nil {
		panic("eventloop: Post of a nil func")
	}
	if l.cfg.Debug {
		fn = l.placed(fn)
	}
	first, err := l.inbox.post(fn)
	if first {
		l.posted()
	}
	return err
}

// PostBatch posts fns in order under one lock: all of them or, closed, none.
func (l *Loop) PostBatch(fns ...func()) error {
	for i, fn := range fns {
		if fn == nil {
			panic("eventloop: PostBatch of a nil func")
		}
		if l.cfg.Debug {
			if i == 0 {
				fns = append([]func(){}, fns...) // the caller's own stays
			}
			fns[i] = l.placed(fn)
		}
	}
	first, err := l.inbox.postAll(fns)
	if first {
		l.posted()
	}
	return err
}

// posted wakes the loop for what has come into the empty inbox. A loop that is about to sleep says so first and then
// looks, so that one of the two sees the other.
func (l *Loop) posted() {
	if l.asleep.Load() {
		l.in.Lock()
		l.rouse()
		l.in.Unlock()
	}
}

// push is locked.
func (l *Loop) push(e entry) {
	if l.leaving && e.wait != nil {
		l.wakes.push(e)
	} else {
		l.inbox.lock()
		l.inbox.add(e)
		l.inbox.mu.Unlock()
	}
	l.rouse()
}

// pushCall is locked: it posts fn also while the loop drains.
func (l *Loop) pushCall(fn func()) {
	if l.inbox.shut && !l.ending.Load() {
		l.in.Hold()
		l.ending.Store(true)
	}
	l.push(entry{fn: fn})
}

// refusePosts begins a stop. What has been posted is one hold of the loop's: it has it from New until then, and until no
// posted callback is left. (A hold of each would need the intake's lock.)
func (l *Loop) refusePosts() {
	l.in.Lock()
	defer l.in.Unlock()
	if l.inbox.close() {
		l.ending.Store(true)
		l.endPosts()
	}
}

// endPosts is locked: it gives the hold back when no posted callback is left. While the loop runs that is the loop's to say.
func (l *Loop) endPosts() {
	if l.running {
		l.rouse()
	} else {
		l.releasePosts()
	}
}

// releasePosts is locked, and the caller is the loop, or there is none.
func (l *Loop) releasePosts() {
	if !l.ending.Load() || l.turn.posted.size > 0 {
		return
	}
	if _, calls, _ := l.inbox.lens(); calls == 0 {
		l.ending.Store(false)
		l.in.Release(1)
	}
}
