package eventloop

import (
	"context"
	"errors"
	"net"
	"time"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/internal/intake"
	"github.com/quartet-go/quartet/internal/task"
)

// Listener accepts connections for a loop. Its methods may be called from any goroutine.
type Listener struct {
	loop   *Loop
	ln     net.Listener
	accept func(*Conn)
	room   chan struct{} // a connection has ended, perhaps; room for one value, so that telling never waits
	ended  chan struct{}
	err    error // written before ended is closed, and read after
	closed bool  // guarded by the loop's lock
}

// Serve accepts connections from ln, which the loop owns from then on, and has accept run on the
// loop for each. Where accept panics or exits, the connection is aborted. While the loop has
// ConnConfig.MaxConns connections, no more are accepted. Serve keeps Run from returning until
// Close, or the Shutdown or Close of the loop. It returns [quartet.ErrClosed], and leaves ln alone,
// when the loop is being stopped.
func (l *Loop) Serve(ln net.Listener, accept func(*Conn)) (*Listener, error) {
	l.made()
	if ln == nil || accept == nil {
		panic("eventloop: Serve of a nil Listener or func")
	}
	s := &Listener{loop: l, ln: ln, accept: accept, room: make(chan struct{}, 1), ended: make(chan struct{})}
	l.in.Lock()
	defer l.in.Commit()
	if l.in.DrainingLocked() {
		return nil, quartet.ErrClosed
	}
	l.held++
	l.servers[s] = struct{}{}
	l.helpers.Go(s.acceptAll)
	return s, nil
}

// Addr returns the address that is listened on.
func (s *Listener) Addr() net.Addr { return s.ln.Addr() }

// Close ends the listening; connections stay.
func (s *Listener) Close() error {
	err := s.ln.Close()
	s.loop.in.Lock()
	s.closed = true
	s.roomLocked()
	s.loop.in.Commit()
	return err
}

// roomLocked has the acceptor look whether there is room for one more connection. The loop's lock
// is held.
func (s *Listener) roomLocked() {
	select {
	case s.room <- struct{}{}:
	default:
	}
}

// waitForRoom waits while the loop has MaxConns connections. A token in room may be an old one, so
// it looks again after each. Attach and Dial may fill the last place between this look and Accept:
// the bound is one for Serve, and not exact.
func (s *Listener) waitForRoom() {
	l, most := s.loop, s.loop.cfg.Conn.MaxConns
	for most > 0 {
		l.in.Lock()
		room := len(l.conns) < most || s.closed
		l.in.Commit()
		if room {
			return
		}
		<-s.room
	}
}

// Done is closed when the listening has ended.
func (s *Listener) Done() <-chan struct{} { return s.ended }

// Err returns why the listening has ended, when it was not by Close.
func (s *Listener) Err() error {
	select {
	case <-s.ended:
		return s.err
	default:
		return nil
	}
}

// acceptAll is the listener's goroutine, a helper of the loop. After a failure that may pass, such
// as a want of descriptors, it waits a little, and longer each time, as net/http's Server does:
// Accept would fail again at once, and keep a processor.
func (s *Listener) acceptAll() {
	l := s.loop
	pause := time.Duration(0)
	for {
		s.waitForRoom()
		nc, err := s.ln.Accept()
		if err != nil && passing(err) {
			l.acceptFailed()
			pause = min(max(2*pause, 5*time.Millisecond), time.Second)
			time.Sleep(pause)
			continue
		}
		if err != nil {
			s.end(err)
			return
		}
		pause = 0
		// It fails when the loop is being stopped. The listener is being closed then, and the next
		// Accept says so.
		if _, err := l.attach(nc, s.give); err != nil {
			_ = nc.Close()
		}
	}
}

// give calls accept. What accept leaves half done when it panics or exits, nobody else would end.
func (s *Listener) give(c *Conn) {
	returned := false
	defer func() {
		if !returned {
			c.Abort()
		}
	}()
	s.accept(c)
	returned = true
}

// passing reports whether Accept may succeed later: too many descriptors, or a client that left
// before it was accepted.
func passing(err error) bool {
	t, ok := err.(interface{ Temporary() bool })
	return ok && t.Temporary() && !errors.Is(err, net.ErrClosed)
}

// end is the goroutine's last deed. ended is closed before Run is released, so that whoever sees
// Run return finds Done closed. net.ErrClosed is what Accept returns after Close, and no error of
// the listener's.
func (s *Listener) end(err error) {
	if !errors.Is(err, net.ErrClosed) {
		s.err = err
		_ = s.ln.Close()
	}
	close(s.ended)
	l := s.loop
	l.in.Lock()
	delete(l.servers, s)
	l.holdLocked(-1)
	l.in.Commit()
}

// closeListeners closes after the unlock: Close takes the lock, and closing a socket is a call of
// the system.
func (l *Loop) closeListeners() {
	l.in.Lock()
	defer l.in.Commit()
	for s := range l.servers {
		l.in.AfterLocked(func() { _ = s.Close() })
	}
}

// Dial connects to an address, as net.Dialer does, as a task of the loop whose future a task awaits
// and a callback gives to [Then]. It never waits: where the loop has no room for the task the
// future has failed. ctx bounds the dialling alone.
func (l *Loop) Dial(ctx context.Context, network, address string) *quartet.Future[*Conn] {
	l.made()
	return quartet.Go(ctx, unwaiting{l}, func(ctx context.Context) (*Conn, error) {
		var nc net.Conn
		var err error
		blocked := quartet.Block(ctx, func() { nc, err = new(net.Dialer).DialContext(ctx, network, address) })
		if blocked != nil {
			return nil, blocked
		}
		if err != nil {
			return nil, err
		}
		c, err := l.Attach(nc)
		if err != nil {
			_ = nc.Close()
		}
		return c, err
	})
}

// unwaiting is the loop as a Runner that refuses where there is no room.
type unwaiting struct{ *Loop }

func (u unwaiting) SubmitTask(ctx context.Context, t quartet.Task) error {
	intake.NotNil("eventloop", "SubmitTask", ctx, t)
	return u.in.TrySubmitNode(task.Of(ctx, t))
}
