package eventloop

import (
	"sync"
	"sync/atomic"

	"github.com/quartet-go/quartet"
)

// inbox holds the posts that no turn has taken yet. It has a lock of its own, since a post needs no
// other and finds this one free within a few instructions. Lock order: the intake's lock comes
// first.
type inbox struct {
	_ [64]byte // lines of the processor's cache of its own
	// mu guards the fields below. Producers hold it for an append; the loop, which takes the whole
	// queue at once, for a swap. Where both are held, the lock of the loop's intake is taken first.
	mu    sync.Mutex
	queue queue
	calls int         // callbacks in queue; the other entries belong to tasks
	most  int         // the longest that queue has been
	shut  bool        // callbacks from outside are refused; written under both locks
	full  atomic.Bool // something is in queue; written under the lock
	_     [64]byte
}

// patience is how often a post tries to get the lock before it parks. Parking takes a hundred times
// as long as the lock is held. (A Mutex parks at once where other goroutines could run: 16
// producers took twice as long.)
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

// add is locked. It reports whether the inbox was empty, so that the loop may be asleep.
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

// post adds fn, or refuses it. It is apart from postAll, since a slice and a loop would be a
// twentieth of its time.
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

// take moves all entries into the empty queue to.
func (b *inbox) take(to *queue) {
	b.lock()
	b.most = max(b.most, b.queue.size)
	b.queue.swap(to)
	b.calls = 0
	b.full.Store(false)
	b.mu.Unlock()
}

// drop removes the unwanted entries, and returns how many they were.
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

// close refuses callbacks from now on. It reports false if it did already.
func (b *inbox) close() (first bool) {
	b.lock()
	defer b.mu.Unlock()
	first, b.shut = !b.shut, true
	return first
}

// lens returns the number of entries, the number of callbacks among them, and the most entries so
// far.
func (b *inbox) lens() (all, calls, most int) {
	b.lock()
	defer b.mu.Unlock()
	return b.queue.size, b.calls, max(b.most, b.queue.size)
}

// Post has fn run on the loop, after everything posted before. Once Shutdown or Close has begun, it
// returns [quartet.ErrClosed]; callbacks accepted earlier run, unless Close drops them. It never
// blocks, allocates nothing, and may be called from any goroutine.
func (l *Loop) Post(fn func()) error {
	l.made()
	if fn == nil {
		panic("eventloop: Post of a nil func")
	}
	if l.cfg.Debug {
		fn = l.placed(fn)
	}
	number := l.seen(QueuePosted)
	first, err := l.inbox.post(l.watched(QueuePosted, number, fn))
	if first {
		l.posted()
	}
	if err != nil {
		l.dropped(QueuePosted, number)
	}
	return err
}

// PostBatch is Post of several callbacks, in order and without others in between: all of them or,
// closed, none.
func (l *Loop) PostBatch(fns ...func()) error {
	l.made()
	var numbers []uint64 // for Config.Callbacks
	for i, fn := range fns {
		if fn == nil {
			panic("eventloop: PostBatch of a nil func")
		}
		if i == 0 && (l.cfg.Debug || l.cfg.Callbacks != nil) {
			fns = append([]func(){}, fns...) // the caller's own stays
		}
		if l.cfg.Debug {
			fns[i] = l.placed(fn)
		}
		if l.cfg.Callbacks != nil {
			numbers = append(numbers, l.seen(QueuePosted))
			fns[i] = l.watched(QueuePosted, numbers[i], fns[i])
		}
	}
	first, err := l.inbox.postAll(fns)
	if first {
		l.posted()
	}
	if err != nil {
		for _, number := range numbers {
			l.dropped(QueuePosted, number)
		}
	}
	return err
}

// posted wakes the loop for the first entry of the inbox. A loop that is about to sleep sets asleep
// first and looks into the inbox then, so that one of the two sees the other.
func (l *Loop) posted() {
	if l.asleep.Load() {
		l.in.Lock()
		l.rouse()
		l.in.Commit()
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

// pushCall is locked. It posts fn, also while the loop drains.
func (l *Loop) pushCall(fn func()) {
	if l.inbox.shut && !l.ending.Load() {
		l.in.HoldLocked()
		l.ending.Store(true)
	}
	l.push(entry{fn: fn})
}

// refusePosts begins a stop. All posted callbacks together are one hold of the intake: from New
// until a stop has begun and no posted callback is left. (A hold for each would need the intake's
// lock.)
func (l *Loop) refusePosts() {
	l.in.Lock()
	defer l.in.Commit()
	if l.inbox.close() {
		close(l.refused)
		l.ending.Store(true)
		l.endPosts()
	}
}

// endPosts is locked. It gives the hold back if no posted callback is left. While the loop runs,
// only the loop knows that.
func (l *Loop) endPosts() {
	if l.running {
		l.rouse()
	} else {
		l.releasePosts()
	}
}

// releasePosts is locked. The caller is the loop, or nobody runs it.
func (l *Loop) releasePosts() {
	if !l.ending.Load() || l.turn.posted.size > 0 {
		return
	}
	if _, calls, _ := l.inbox.lens(); calls == 0 {
		l.ending.Store(false)
		l.in.ReleaseLocked(1)
	}
}
