package eventloop

import (
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"time"

	"github.com/quartet-go/quartet"
)

// ErrSlowReader ends a connection, or refuses a write, when the other side reads too slowly: see
// [SlowReader].
var ErrSlowReader = errors.New("eventloop: the other side reads too slowly")

// ErrIdle ends a connection after [ConnConfig].IdleTimeout. It is an [os.ErrDeadlineExceeded] too.
var ErrIdle = fmt.Errorf("eventloop: the connection was idle: %w", os.ErrDeadlineExceeded)

// Conn is a connection whose callbacks run on the loop. Its methods may be called from any
// goroutine, and none of them blocks the loop; Read and WriteWait suspend the task that calls them.
// It works with any [net.Conn]. On Linux, darwin and BSD, TCP and Unix sockets wait without a
// goroutine and without a buffer; every other connection has a goroutine that reads. What a Conn
// promises is the same for all.
//
// A connection keeps Run from returning, and Shutdown waiting, until it has ended. Nothing moves
// while nobody runs the loop.
//
// Close sends queued data first. As with every TCP socket, data of the other side that nobody has
// read makes the system reset the connection, and the other side may lose the last bytes that it
// was sent: to be safe, call CloseWrite, and Close in OnEnd. Never set SO_LINGER to a positive
// time: the system then blocks the loop in Close. There is no UDP here: read a [net.PacketConn] on
// a goroutine of your own, and hand each packet to [Loop.Post] or [Feed].
type Conn struct {
	// attach sets these four, once.
	loop  *Loop
	nc    net.Conn
	via   transport
	serve func() // c.takeTurn: a method value made once

	// mu guards all that follows, seldom's fields included. Any goroutine may take it. The loop
	// calls the user's callbacks after it has released it, and the transport's goroutines never
	// wait under it.
	mu  sync.Mutex
	cfg *ConnConfig

	// scheduled means that one entry for serve is posted. There is never a second one, so each
	// connection has one piece of data delivered in a turn, however much it has. readable means
	// that a read is worth a call of the system; with edge-triggered readiness it must not be lost,
	// as nobody says it again. pulled stays true for good: a connection is read either by callbacks
	// or by tasks.
	life      life
	receiving receiving
	sending   sending
	paused    bool
	scheduled bool // serve is posted
	readable  bool // a read may find something: data, the end or an error
	peerEnded bool // the system says that the other side sends no more; unread data may be left
	pulled    bool // a task reads, or has read
	full      bool // HighWater was reached, and LowWater not since
	closeTold bool // OnClose has been called, or never will be
	err       error

	onData  func([]byte)
	onEnd   func()
	onDrain func()
	onClose func(error)

	waiting  func() // resumes the task in Read; nil: none waits
	out      []byte // queued data that is not yet with the transport; out[:taken] is sent
	taken    int    // see sendQueuedLocked
	buffered int    // bytes accepted and not sent; with a streamed transport more than len(out)
	seldom   *seldom
}

// seldom is what few connections need. A server with many idle connections pays for a pointer in
// each.
type seldom struct {
	draining []func() // resumes tasks in WriteWait
	dropped  uint64
	frames   *frames

	readBy, writeBy       time.Time
	readTimer, writeTimer *Timer
	closeTimer, idleTimer *Timer
	lastActive            time.Duration // only under IdleTimeout
}

// Attach makes nc a connection of the loop, which owns it from then on: only the Conn may be used.
// It returns [quartet.ErrClosed], and leaves nc alone, when the loop is being stopped.
func (l *Loop) Attach(nc net.Conn) (*Conn, error) {
	l.made()
	if nc == nil {
		panic("eventloop: Attach of a nil Conn")
	}
	return l.attach(nc, nil)
}

// attach is Attach that has accept, if there is one, called on the loop as the connection's first
// callback.
//
// The connection is locked all the while: a Close of the loop that comes meanwhile finds it, and
// waits until it has a transport that can be closed.
func (l *Loop) attach(nc net.Conn, accept func(*Conn)) (*Conn, error) {
	c := &Conn{loop: l, nc: nc, cfg: &l.cfg.Conn}
	c.serve = c.takeTurn
	c.mu.Lock()
	defer c.mu.Unlock()
	if !l.admit(c, accept) {
		return nil, quartet.ErrClosed
	}
	c.via = l.transportOf(c)
	c.watchIdleLocked()
	return c, nil
}

// admit makes c known to the loop. It reports false when the loop is being stopped. It is held
// twice: in the intake, for which Shutdown waits, and in held, for which Run does.
//
// accept is posted in the same section. Later the connection may have ended already, and with it
// the hold that a post needs while the loop drains. Both holds end in forget, or in
// waiveConnsLocked.
func (l *Loop) admit(c *Conn, accept func(*Conn)) bool {
	l.in.Lock()
	defer l.in.Commit()
	if l.in.DrainingLocked() {
		return false
	}
	l.in.HoldLocked()
	l.held++
	l.conns[c] = struct{}{}
	if accept != nil {
		l.pushCallLocked(func() { accept(c) })
	}
	return true
}

// NetConn returns the connection underneath, for its options; it must be neither read, written nor
// closed. For a TCP or Unix socket it is one that stands for the same socket, made when first asked
// for, and costs another descriptor: the one that Attach got is closed, so that the Go runtime does
// not watch it too. Once the connection has ended, its options fail.
func (c *Conn) NetConn() net.Conn {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.life >= closed {
		return c.nc
	}
	return c.via.netConn()
}

// RemoteAddr returns the other side's address.
func (c *Conn) RemoteAddr() net.Addr { return c.nc.RemoteAddr() }

// LocalAddr returns this side's address.
func (c *Conn) LocalAddr() net.Addr { return c.nc.LocalAddr() }

// OnData sets the callback for incoming data. Data received earlier is delivered first; the slice
// may be used until fn returns. When the other side has sent all, and there is no OnEnd, the
// connection is closed.
func (c *Conn) OnData(fn func(p []byte)) {
	c.set(func() {
		c.onData = fn
		if c.seldom != nil {
			c.seldom.frames = nil
		}
	})
}

// OnEnd sets the callback for the end of what the other side sends. The connection can still be
// written then, until Close, or until CloseWrite has sent all. Without OnEnd the connection closes
// at that moment, when queued data has been sent, unless tasks read it: they get [io.EOF].
func (c *Conn) OnEnd(fn func()) { c.set(func() { c.onEnd = fn }) }

// OnDrain sets the callback for a full connection that has sent all but LowWater bytes.
func (c *Conn) OnDrain(fn func()) { c.set(func() { c.onDrain = fn }) }

// OnClose sets the callback for the end of the connection. The loop calls it once, as the last
// callback of the connection, in the closing phase, also when the connection ended before OnClose.
// err says why when neither side had closed it in order. Data that arrived before an error is
// delivered before it, also after Resume. If the connection has failed, or if the other side has
// ended and only OnClose is set, CloseTimeout bounds the wait for somebody who takes that data.
// After the loop's Close fn may not be called.
func (c *Conn) OnClose(fn func(err error)) { c.set(func() { c.onClose = fn }) }

// Pause keeps OnData and OnEnd from being called, until Resume. The system's buffers fill
// meanwhile, and slow the other side down. A paused connection still ends when it fails with
// nothing unread. If the other side has ended, nothing is unread and there is no OnEnd, it ends
// after CloseTimeout.
func (c *Conn) Pause() { c.set(func() { c.paused = true }) }

// Resume undoes Pause.
func (c *Conn) Resume() { c.set(func() { c.paused = false }) }

// set changes a callback or the pause, and then schedules a turn: data, or the end, may have waited
// for just that. An end that OnClose had not heard of is queued again: tellClose finds out whether
// it is still to be told.
func (c *Conn) set(assign func()) {
	var fx effects
	c.mu.Lock()
	assign()
	c.scheduleLocked(&fx)
	if c.life == over && c.onClose != nil && !c.closeTold {
		fx.over = true
	}
	c.mu.Unlock()
	fx.run(c)
}

// effects is what a change of a connection has to do to others once the connection's lock is free.
// Collected under the lock, run after it: what they do takes the loop's lock, or runs code of
// tasks. An effect that is set twice is run once.
//
// It is a value on the stack of the method that makes the change, and used once.
type effects struct {
	wake    []func() // resume tasks
	resume  func()   // likewise, the one in Read
	serve   bool     // post serve
	drained bool     // post OnDrain
	over    bool     // queue the end for the closing phase
}

// run is called once, without any lock. The order does not matter to the connection: each effect
// ends in a post or a wake-up, and what that finds later is decided under the connection's lock
// anew.
func (fx *effects) run(c *Conn) {
	if fx.resume != nil {
		fx.resume()
	}
	for _, resume := range fx.wake {
		resume()
	}
	if fx.serve {
		c.post(c.serve)
	}
	if fx.drained {
		c.post(c.tellDrained)
	}
	if fx.over {
		l := c.loop
		l.in.Lock()
		l.pushClosingLocked(c.tellClose)
		l.in.Commit()
	}
}

// post posts a callback of the connection, also while the loop drains. Effects run after the
// connection's unlock, so the connection may have ended before its callback is posted. The loop has
// forgotten it then: fn would find nothing to tell, and its hold would keep a loop whose Run is
// over from ever being closed.
func (c *Conn) post(fn func()) {
	l := c.loop
	l.in.Lock()
	if _, known := l.conns[c]; known {
		l.pushCallLocked(fn)
	}
	l.in.Commit()
}

// seldomLocked returns what few connections need, made when first asked for. It is never taken away
// again.
func (c *Conn) seldomLocked() *seldom {
	if c.seldom == nil {
		c.seldom = &seldom{}
	}
	return c.seldom
}
