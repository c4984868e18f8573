package eventloop

import (
	"sync"
	"sync/atomic"

	"github.com/quartet-go/quartet"
)

// inbox holds the posts that no turn has taken yet. It has a lock of its own, since a post needs no
// other and finds this one free within a few instructions. Lock order: the intake's lock comes
// first. (The paddings keep producers, which write here all the time, from slowing down the loop,
// which reads its neighbours.)
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

// TryLock first: nearly always the lock is free, and the loop of lockPatiently is kept apart from
// that path.
func (b *inbox) lock() {
	if !b.mu.TryLock() {
		b.lockPatiently()
	}
}

// It spins, without letting others run: whoever holds the lock is in the middle of a few
// instructions.
func (b *inbox) lockPatiently() {
	for range patience {
		if b.mu.TryLock() {
			return
		}
	}
	b.mu.Lock()
}

// addLocked reports whether the inbox was empty, so that the loop may be asleep.
func (b *inbox) addLocked(e entry) (first bool) {
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
	first = b.addLocked(entry{fn: fn})
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
		// The first one may have found the inbox empty, and the loop asleep; the later ones never
		// do.
		first = b.addLocked(entry{fn: fn}) || first
	}
	b.mu.Unlock()
	return first, nil
}

// take moves all entries into the empty queue to. It is the loop's, once a turn. The most entries
// are noted here and not at each add, since the queue is longest just before it is taken.
func (b *inbox) take(to *queue) {
	b.lock()
	b.most = max(b.most, b.queue.size)
	b.queue.swap(to)
	b.calls = 0
	b.full.Store(false)
	b.mu.Unlock()
}

// drop removes the unwanted entries, and returns how many they were. unwanted runs under both
// locks, and must only look.
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

// close refuses callbacks from now on. It reports false if it did already. It takes the inbox's
// lock only; refusePosts holds the loop's besides.
func (b *inbox) close() (first bool) {
	b.lock()
	defer b.mu.Unlock()
	first, b.shut = !b.shut, true
	return first
}

// lens returns the number of entries, the number of callbacks among them, and the most entries so
// far. calls tells releasePostsLocked whether a callback is left: entries of tasks have holds of
// their own.
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
	// placed reads the caller's line, so it is called here, in the exported method itself.
	if l.cfg.Debug {
		fn = l.placed(fn)
	}
	// Told before the post: the callback may start on the loop before post returns here.
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
// closed, none. The slice is copied before it is changed, and only where something is to be put
// around the callbacks.
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
//
// It is called without a lock, which makes the order matter: a producer stores full, then loads
// asleep; the loop stores asleep, then loads full. Go's atomics are sequentially consistent, so at
// least one of the two loads sees the other's store, and no entry waits for a loop that sleeps.
func (l *Loop) posted() {
	if l.asleep.Load() {
		l.in.Lock()
		l.rouseLocked()
		l.in.Commit()
	}
}

// pushLocked adds an entry of the loop's own: the start of a task, a task that continues,
// or a callback that a stop has to wait for. It does not look at shut. While a Run ends, tasks that
// continue go to wakes, which leave serves; all other entries wait for the next Run.
func (l *Loop) pushLocked(e entry) {
	if l.leaving && e.wait != nil {
		l.wakes.push(e)
	} else {
		l.inbox.lock()
		l.inbox.addLocked(e)
		l.inbox.mu.Unlock()
	}
	l.rouseLocked()
}

// pushCallLocked posts a callback that was promised (a Then, the data or end of a
// connection), also after posts are refused. Then the posts' hold may have been given back already,
// and is taken anew. That is safe, since the caller still has a hold of its own, for the promise.
func (l *Loop) pushCallLocked(fn func()) {
	if l.inbox.shut && !l.ending.Load() {
		l.in.HoldLocked()
		l.ending.Store(true)
	}
	l.pushLocked(entry{fn: fn})
}

// refusePosts begins a stop. All posted callbacks together are one hold of the intake: from New
// until a stop has begun and no posted callback is left. (A hold for each would need the intake's
// lock.) It is called by Shutdown and by Close, and does its work once.
func (l *Loop) refusePosts() {
	l.in.Lock()
	defer l.in.Commit()
	if l.inbox.close() {
		close(l.refused)
		l.ending.Store(true)
		l.endPostsLocked()
	}
}

// endPostsLocked gives the hold back if no posted callback is left. While the loop runs,
// only the loop knows that.
func (l *Loop) endPostsLocked() {
	if l.running {
		l.rouseLocked()
	} else {
		l.releasePostsLocked()
	}
}

// releasePostsLocked gives the hold of the posts back, if none is left. The caller is the loop, or
// nobody runs it: turn.posted is read, which is the loop's.
func (l *Loop) releasePostsLocked() {
	if !l.ending.Load() || l.turn.posted.size > 0 {
		return
	}
	if _, calls, _ := l.inbox.lens(); calls == 0 {
		l.ending.Store(false)
		l.in.ReleaseLocked(1)
	}
}
