package eventloop

import "sync"

// Feed has fn run on the loop for each value that ch gives, one after the other: signals, ticks,
// results of workers. The next value is taken when fn has returned, so that a slow loop slows down
// whoever sends. It ends when ch is closed, by stop, and when the loop refuses posts: at Shutdown
// and Close. A value that was taken at that moment is lost.
//
// Like a signal handler in Node, Feed does not keep Run from returning. Where it should, hold
// [Loop.KeepAlive] meanwhile. It costs one goroutine, and an allocation for each value.
func Feed[T any](l *Loop, ch <-chan T, fn func(v T)) (stop func()) {
	l.made()
	if ch == nil || fn == nil {
		panic("eventloop: Feed of a nil channel or func")
	}
	stopped := make(chan struct{})
	l.help(func() { feed(l, ch, fn, stopped) })
	return sync.OnceFunc(func() { close(stopped) })
}

// feed is Feed's goroutine, a helper of the loop. ran has room for one value, so that a callback
// which runs after feed has ended does not block the loop. The callback tells in a deferred call: a
// panic of fn must not stop the feed.
//
// stopped and refused are looked at twice in each round, since either wait may last.
func feed[T any](l *Loop, ch <-chan T, fn func(v T), stopped <-chan struct{}) {
	ran := make(chan struct{}, 1)
	for {
		select {
		case v, ok := <-ch:
			if !ok || l.Post(func() {
				defer func() { ran <- struct{}{} }()
				fn(v)
			}) != nil {
				return
			}
		case <-stopped:
			return
		case <-l.refused:
			return
		}
		select {
		case <-ran:
		case <-stopped:
			return
		case <-l.refused:
			return
		}
	}
}

// help runs fn on a goroutine that the loop's end waits for. It does nothing when the loop is being
// stopped. Whether the loop is being stopped is asked under the lock that join takes before it
// waits: no helper is added to the group after that wait has begun.
func (l *Loop) help(fn func()) {
	l.in.Lock()
	defer l.in.Commit()
	if !l.in.DrainingLocked() {
		l.helpers.Go(fn)
	}
}
