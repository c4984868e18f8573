//go:build linux || darwin || dragonfly || freebsd || netbsd || openbsd

package eventloop

import (
	"sync"
	"sync/atomic"
)

// poller watches the sockets of a loop's connections. The loop asks it for those that are ready,
// once a turn and only when there may be some; a goroutine of its own does nothing but say that
// there are, which wakes a loop that is parked. So the loop parks in the Go scheduler as ever, and
// a Post wakes it as fast as without connections.
//
// Readiness is reported once for each change (edge-triggered), and is a hint: a descriptor may have
// been closed, and given to another connection, since. A connection that is told too much finds
// nothing to read.
//
// The alternative, a goroutine per connection that blocks in Read, is what streamed does: it costs
// a stack and a switch for each message. The other one, a loop that blocks in epoll_wait as libuv
// does (uv__io_poll), would keep an operating system thread, and a Post would have to write to a
// pipe.
type poller struct {
	// ready: there may be sockets that are ready. Set by the watching goroutine, and by the loop
	// where it has not taken all; cleared by the loop before it asks.
	ready atomic.Bool
	quiet int // the loop's: turns since it asked last

	found []found // the loop's: by the last poll

	// mu guards the fields below. Any goroutine may add a connection; only the loop asks the
	// system.
	mu    sync.Mutex
	queue *eventQueue // nil: no socket is watched, or none has been since the last rest
	// A slice, since descriptors are small numbers that the system uses again.
	conns []*Conn // by descriptor
	count int
}

// found is a connection that is ready. The connection's lock is not held while this lies in found:
// by the time it is told, it may have closed.
type found struct {
	c *Conn
	r readiness
}

// askEvery is after how many turns without parking the loop asks in any case, since the watching
// goroutine may wait for a processor meanwhile.
const askEvery = 64

// due reports whether the loop is to ask now. It is the loop's, and so is poll.
func (p *poller) due() bool {
	if p.ready.Load() {
		return true
	}
	p.quiet++
	return p.quiet >= askEvery
}

// add begins to watch a connection's descriptor. conns is set before the system is asked to watch:
// readiness may be reported at once.
func (p *poller) add(fd int, c *Conn) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.queue == nil {
		q, err := newEventQueue(func() { c.loop.polled() })
		if err != nil {
			return err
		}
		p.queue = q
	}
	for fd >= len(p.conns) {
		p.conns = append(p.conns, nil)
	}
	p.conns[fd] = c
	if err := p.queue.add(fd); err != nil {
		p.conns[fd] = nil
		return err
	}
	p.count++
	return nil
}

// remove ends the polling of fd. The system forgets it when the descriptor is closed.
func (p *poller) remove(fd int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.conns[fd] = nil
	p.count--
}

// rest gives the system's queue back when no socket is watched. close waits for the watching
// goroutine, which calls polled and thereby takes the loop's lock; so it is called without p.mu,
// and must not be called under the loop's.
func (p *poller) rest() {
	p.mu.Lock()
	q := p.queue
	if q == nil || p.count > 0 {
		p.mu.Unlock()
		return
	}
	p.queue, p.conns = nil, nil
	p.mu.Unlock()
	q.close()
}

// poll asks which sockets are ready, and tells their connections.
func (p *poller) poll() {
	// Before asking. A signal that comes after this is for a socket that ask may have missed, and
	// stays for the next turn.
	p.ready.Store(false)
	p.quiet = 0
	if !p.ask() {
		return
	}
	p.ready.Store(true) // where something was, more is likely soon: look again before parking
	for _, f := range p.found {
		var fx effects
		f.c.mu.Lock()
		f.c.readyLocked(f.r, &fx)
		f.c.mu.Unlock()
		fx.run(f.c)
	}
	clear(p.found)
}

// ask fills found. It reports false when no socket is ready. The connections are collected under
// p.mu, and told without it: telling takes their locks, which others hold while they call add and
// remove. As many events as the queue's array holds are taken at a time; ready stays set, so the
// next turn asks for more.
func (p *poller) ask() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.queue == nil {
		return false
	}
	got := p.queue.wait()
	p.found = p.found[:0]
	for i := range got {
		fd, r := readyOf(&got[i])
		if c := p.conns[fd]; c != nil { // else it has closed meanwhile
			p.found = append(p.found, found{c, r})
		}
	}
	return len(got) > 0
}

// polled is called by the watching goroutine: the poller has something.
func (l *Loop) polled() {
	l.poller.ready.Store(true)
	l.posted()
}
