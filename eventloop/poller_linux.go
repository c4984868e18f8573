package eventloop

import (
	"os"
	"syscall"
)

// eventQueue is an epoll instance, itself watched by the Go runtime.
//
// An epoll descriptor is itself readable when it has events, and os.File has the runtime watch it.
// So one goroutine waits in the runtime's own poller for all sockets of a loop.
type eventQueue struct {
	fd   int
	file *os.File
	done chan struct{}
	got  [256]syscall.EpollEvent // by the last wait
}

const (
	// Edge-triggered: a socket that nobody reads for a while (Pause) would otherwise be reported at
	// each turn. The constant is negative in package syscall, hence the mask.
	interest = syscall.EPOLLIN | syscall.EPOLLOUT | syscall.EPOLLRDHUP | -syscall.EPOLLET&0xffffffff
	endings  = syscall.EPOLLRDHUP | syscall.EPOLLHUP | syscall.EPOLLERR
)

// newEventQueue returns a queue that calls signal, on a goroutine of its own, whenever a socket has
// become ready.
func newEventQueue(signal func()) (*eventQueue, error) {
	fd, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("epoll_create1", err)
	}
	if err := syscall.SetNonblock(fd, true); err != nil {
		_ = syscall.Close(fd)
		return nil, os.NewSyscallError("fcntl", err)
	}
	q := &eventQueue{fd: fd, file: os.NewFile(uintptr(fd), "epoll"), done: make(chan struct{})}
	raw, err := q.file.SyscallConn()
	if err != nil {
		_ = q.file.Close()
		return nil, err
	}
	go q.watch(raw, signal)
	return q, nil
}

// watch runs until the queue is closed. It never reads events itself. Between a signal and the
// loop's wait the descriptor stays readable, and the runtime, edge-triggered too, does not call
// again: one signal for many events. close ends the Read with an error, and with it watch.
func (q *eventQueue) watch(raw syscall.RawConn, signal func()) {
	defer close(q.done)
	_ = raw.Read(func(uintptr) bool {
		signal()
		return false // the runtime calls again when the queue has become readable anew
	})
}

// add watches for both directions at once: with edge-triggered events an idle socket that can
// always be written is told so once, and changing the interest for each write would be a call of
// the system more.
func (q *eventQueue) add(fd int) error {
	event := syscall.EpollEvent{Events: interest, Fd: int32(fd)}
	return os.NewSyscallError("epoll_ctl", syscall.EpollCtl(q.fd, syscall.EPOLL_CTL_ADD, fd, &event))
}

// wait returns the events that are there already. It never blocks: its timeout is 0.
func (q *eventQueue) wait() []syscall.EpollEvent {
	for {
		n, err := syscall.EpollWait(q.fd, q.got[:], 0)
		if err != syscall.EINTR {
			return q.got[:max(n, 0)]
		}
	}
}

// close ends the watching goroutine, as closing the file ends its Read, and waits for it.
func (q *eventQueue) close() {
	_ = q.file.Close()
	<-q.done
}

// readyOf is which descriptor is ready, and for what.
func readyOf(e *syscall.EpollEvent) (fd int, r readiness) {
	if e.Events&syscall.EPOLLIN != 0 {
		r |= canRead
	}
	if e.Events&syscall.EPOLLOUT != 0 {
		r |= canWrite
	}
	if e.Events&endings != 0 {
		r |= hasEnded
	}
	return int(e.Fd), r
}
