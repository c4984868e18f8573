//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package eventloop

import (
	"os"
	"syscall"
)

// eventQueue is a pair of kqueues. The runtime cannot watch a kqueue, since it asks of all that it
// watches whether they can be written, which a kqueue refuses. So a goroutine blocks in kevent on a
// second one, which watches the first. fd has the sockets, outer has fd, and at the end the timer
// of close.
//
// The loop reads fd without blocking; only watch blocks, in outer.
type eventQueue struct {
	fd, outer int
	done      chan struct{}
	got       [256]syscall.Kevent_t // by the last wait
}

// wakeIdent is the timer that ends the watching goroutine.
const wakeIdent = 1

// newEventQueue returns a queue that calls signal, on a goroutine of its own, whenever a socket has
// become ready.
func newEventQueue(signal func()) (*eventQueue, error) {
	fd, err := newKqueue()
	if err != nil {
		return nil, err
	}
	outer, err := newKqueue()
	if err != nil {
		_ = syscall.Close(fd)
		return nil, err
	}
	q := &eventQueue{fd: fd, outer: outer, done: make(chan struct{})}
	var change [1]syscall.Kevent_t
	syscall.SetKevent(&change[0], fd, syscall.EVFILT_READ, syscall.EV_ADD|syscall.EV_CLEAR)
	if _, err := syscall.Kevent(outer, change[:], nil, nil); err != nil {
		_ = syscall.Close(fd)
		_ = syscall.Close(outer)
		return nil, os.NewSyscallError("kevent", err)
	}
	go q.watch(signal)
	return q, nil
}

func newKqueue() (int, error) {
	fd, err := syscall.Kqueue()
	if err != nil {
		return 0, os.NewSyscallError("kqueue", err)
	}
	syscall.CloseOnExec(fd)
	return fd, nil
}

// watch runs until the queue is closed. It reads no events of fd: those are the loop's. EV_CLEAR on
// outer makes it report fd once for each change.
func (q *eventQueue) watch(signal func()) {
	defer close(q.done)
	var got [2]syscall.Kevent_t
	for {
		n, err := syscall.Kevent(q.outer, nil, got[:], nil)
		if err != nil && err != syscall.EINTR {
			return
		}
		for _, e := range got[:max(n, 0)] {
			if e.Filter == syscall.EVFILT_TIMER {
				return
			}
		}
		signal()
	}
}

// add watches for both directions; EV_CLEAR makes the events edge-triggered, as EPOLLET does.
func (q *eventQueue) add(fd int) error {
	var changes [2]syscall.Kevent_t
	syscall.SetKevent(&changes[0], fd, syscall.EVFILT_READ, syscall.EV_ADD|syscall.EV_CLEAR)
	syscall.SetKevent(&changes[1], fd, syscall.EVFILT_WRITE, syscall.EV_ADD|syscall.EV_CLEAR)
	_, err := syscall.Kevent(q.fd, changes[:], nil, nil)
	return os.NewSyscallError("kevent", err)
}

// wait returns the events that are there already. A zero Timespec: it never blocks.
func (q *eventQueue) wait() []syscall.Kevent_t {
	for {
		n, err := syscall.Kevent(q.fd, nil, q.got[:], &syscall.Timespec{})
		if err != syscall.EINTR {
			return q.got[:max(n, 0)]
		}
	}
}

// close ends the watching goroutine by a timer that fires at once: closing a kqueue wakes nobody
// who waits for it.
func (q *eventQueue) close() {
	var change [1]syscall.Kevent_t
	syscall.SetKevent(&change[0], wakeIdent, syscall.EVFILT_TIMER, syscall.EV_ADD|syscall.EV_ONESHOT)
	change[0].Data = 1 // ms
	_, _ = syscall.Kevent(q.outer, change[:], nil, nil)
	<-q.done
	_ = syscall.Close(q.outer)
	_ = syscall.Close(q.fd)
}

// readyOf is which descriptor is ready, and for what.
func readyOf(e *syscall.Kevent_t) (fd int, r readiness) {
	switch e.Filter {
	case syscall.EVFILT_READ:
		r = canRead
	case syscall.EVFILT_WRITE:
		r = canWrite
	}
	if e.Flags&syscall.EV_EOF != 0 {
		r |= hasEnded
	}
	return int(e.Ident), r
}
