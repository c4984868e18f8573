package eventloop_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/eventloop"
)

// subject is a connection of a loop under test, and its other side.
type subject struct {
	*eventloop.Conn
	loop   *eventloop.Loop
	peer   net.Conn
	kind   string
	closed chan error // OnClose
}

// recording has what OnData gets, and OnClose, in closed.
func (s *subject) record(t *testing.T) (received *bytes.Buffer) {
	received = &bytes.Buffer{}
	on(t, s.loop, func() {
		s.OnData(func(p []byte) { received.Write(p) })
		s.tellClosed()
	})
	return received
}

func (s *subject) tellClosed() { s.OnClose(func(err error) { s.closed <- err }) }

// reset ends the peer's side as hard as it can: by a reset over TCP.
func (s *subject) reset() {
	nc := s.peer
	if under, ok := nc.(interface{ NetConn() net.Conn }); ok {
		nc = under.NetConn()
	}
	if tcp, ok := nc.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = nc.Close()
}

// shakeHands ends a TLS handshake, so that what follows concerns data alone.
func (s *subject) shakeHands(t *testing.T) {
	if shaker, ok := s.peer.(interface{ HandshakeContext(context.Context) error }); ok {
		require.NoError(t, shaker.HandshakeContext(t.Context()))
	}
}

// overAllKinds runs a test of what every Conn promises over TCP, Unix sockets, TLS and net.Pipe.
func overAllKinds(t *testing.T, cfg eventloop.Config, test func(t *testing.T, s *subject)) {
	t.Helper()
	for kind, pair := range pairs(t) {
		t.Run(kind, func(t *testing.T) {
			l := started(t, cfg)
			server, client := pair(t)
			c, err := l.Attach(server)
			require.NoError(t, err)
			s := &subject{c, l, client, kind, make(chan error, 2)}
			s.shakeHands(t)
			test(t, s)
			_ = client.Close()
			c.Abort()
			require.NoError(t, l.Shutdown(t.Context()))
			require.Empty(t, s.closed, "OnClose is called once")
		})
	}
}

func TestOnCloseSetAfterTheEndIsCalledOnce(t *testing.T) {
	overAllKinds(t, eventloop.Config{}, func(t *testing.T, s *subject) {
		on(t, s.loop, s.Abort)
		on(t, s.loop, func() {}) // the closing phase has passed
		s.tellClosed()
		require.NoError(t, <-s.closed)
		s.tellClosed()
		on(t, s.loop, func() {})
		on(t, s.loop, func() {})
		require.Empty(t, s.closed)
	})
}

func TestOnCloseWhenThePeerEndsAndNothingReads(t *testing.T) {
	for _, end := range []struct {
		name string
		do   func(s *subject)
	}{
		{"close", func(s *subject) { _ = s.peer.Close() }},
		{"reset", (*subject).reset},
	} {
		t.Run(end.name, func(t *testing.T) {
			overAllKinds(t, eventloop.Config{}, func(t *testing.T, s *subject) {
				s.tellClosed()
				end.do(s)
				<-s.closed
			})
		})
	}
}

// Data that nobody takes does not keep a connection whose other side has ended.
func TestOnCloseWhenThePeerEndsAndItsDataIsNotTaken(t *testing.T) {
	cfg := eventloop.Config{Conn: eventloop.ConnConfig{CloseTimeout: 20 * time.Millisecond}}
	overAllKinds(t, cfg, func(t *testing.T, s *subject) {
		s.tellClosed()
		_, err := s.peer.Write([]byte("nobody takes this"))
		require.NoError(t, err)
		_ = s.peer.Close()
		require.NoError(t, <-s.closed)
	})
}

func TestPausedDataIsDeliveredBeforeTheEnd(t *testing.T) {
	for _, end := range []struct {
		name string
		do   func(s *subject)
	}{
		{"close", func(s *subject) { _ = s.peer.Close() }},
		{"reset", (*subject).reset},
	} {
		t.Run(end.name, func(t *testing.T) {
			cfg := eventloop.Config{Conn: eventloop.ConnConfig{ReadBuffer: 7}}
			overAllKinds(t, cfg, func(t *testing.T, s *subject) {
				s.Pause()
				received := s.record(t)
				_, err := s.peer.Write([]byte("what had arrived"))
				require.NoError(t, err)
				end.do(s)
				on(t, s.loop, func() { require.Empty(t, received.String()) })
				require.Empty(t, s.closed)
				s.Resume()
				<-s.closed
				require.Equal(t, "what had arrived", received.String())
			})
		})
	}
}

func TestAPausedConnectionWithNothingUnreadEnds(t *testing.T) {
	cfg := eventloop.Config{Conn: eventloop.ConnConfig{CloseTimeout: 20 * time.Millisecond}}
	overAllKinds(t, cfg, func(t *testing.T, s *subject) {
		s.Pause()
		s.record(t)
		_ = s.peer.Close()
		require.NoError(t, <-s.closed)
	})
}

// The loop is kept busy until the peer has sent its last words and gone, and a write has failed.
func TestDataBeforeAFailedWriteIsDeliveredFirst(t *testing.T) {
	overAllKinds(t, eventloop.Config{}, func(t *testing.T, s *subject) {
		received := s.record(t)
		words := bytes.Repeat([]byte("last words "), 1000)
		gone := make(chan struct{})
		go func() {
			_, _ = s.peer.Write(words)
			s.reset()
			close(gone)
		}()
		on(t, s.loop, func() {
			if s.kind != "pipe" { // its peer waits for the reader, who waits for nobody
				<-gone
			}
			for range 1000 {
				if _, err := s.Write(make([]byte, 1000)); err != nil {
					return
				}
			}
		})
		<-s.closed
		<-gone
		require.Equal(t, len(words), received.Len())
	})
}

func TestAReadReportsTheEndAndNothingIsLost(t *testing.T) {
	overAllKinds(t, eventloop.Config{}, func(t *testing.T, s *subject) {
		words := bytes.Repeat([]byte("0123456789"), 20_000)
		go func() {
			_, _ = s.peer.Write(words)
			_ = s.peer.Close()
		}()
		got, err := quartet.Do(t.Context(), s.loop, func(ctx context.Context) (int, error) {
			total, p := 0, make([]byte, 1001)
			for {
				n, err := s.Read(ctx, p)
				if total += n; err != nil {
					return total, err
				}
			}
		})
		require.ErrorIs(t, err, io.EOF)
		require.Equal(t, len(words), got)
		s.tellClosed()
		s.Close()
		require.NoError(t, <-s.closed)
	})
}

// A task whose peer is always faster lets callbacks run between its reads.
func TestReadTakesTurns(t *testing.T) {
	overAllKinds(t, eventloop.Config{}, func(t *testing.T, s *subject) {
		const reads, size = 2000, 100
		go func() { _, _ = s.peer.Write(make([]byte, reads*size)) }()
		others := countTurns(t, s.loop)
		_, err := quartet.Do(t.Context(), s.loop, func(ctx context.Context) (int, error) {
			p := make([]byte, size)
			for range reads {
				if _, err := io.ReadFull(reader(func(p []byte) (int, error) { return s.Read(ctx, p) }), p); err != nil {
					return 0, err
				}
			}
			return 0, nil
		})
		require.NoError(t, err)
		require.GreaterOrEqual(t, others(), reads/64)
	})
}

func TestWriteWaitTakesTurns(t *testing.T) {
	overAllKinds(t, eventloop.Config{}, func(t *testing.T, s *subject) {
		const writes = 2000
		go func() { _, _ = io.Copy(io.Discard, s.peer) }()
		others := countTurns(t, s.loop)
		_, err := quartet.Do(t.Context(), s.loop, func(ctx context.Context) (int, error) {
			for range writes {
				if _, err := s.WriteWait(ctx, make([]byte, 100)); err != nil {
					return 0, err
				}
			}
			return 0, nil
		})
		require.NoError(t, err)
		require.GreaterOrEqual(t, others(), writes/64)
	})
}

// A wait that its resume ends at once counts as the others do.
func TestSuspendTakesTurns(t *testing.T) {
	l := started(t, eventloop.Config{})
	const waits = 2000
	others := countTurns(t, l)
	_, err := quartet.Do(t.Context(), l, func(ctx context.Context) (int, error) {
		for range waits {
			if err := quartet.Suspend(ctx, func(resume func()) { resume() }); err != nil {
				return 0, err
			}
		}
		return 0, nil
	})
	require.NoError(t, err)
	require.GreaterOrEqual(t, others(), waits/64)
}

// countTurns runs an immediate every turn until the answer is asked for: how many ran.
func countTurns(t *testing.T, l *eventloop.Loop) (count func() int) {
	ran, stop := 0, false
	var again func()
	again = func() {
		if ran++; !stop {
			l.Immediate(again)
		}
	}
	on(t, l, again)
	return func() (n int) {
		on(t, l, func() { n, stop = ran, true })
		return n
	}
}

type reader func(p []byte) (int, error)

func (r reader) Read(p []byte) (int, error) { return r(p) }

func TestDeadlinesOfEveryKind(t *testing.T) {
	overAllKinds(t, eventloop.Config{}, func(t *testing.T, s *subject) {
		s.record(t)
		require.NoError(t, s.SetReadDeadline(time.Now().Add(time.Millisecond)))
		require.ErrorIs(t, <-s.closed, os.ErrDeadlineExceeded)
	})
	overAllKinds(t, eventloop.Config{}, func(t *testing.T, s *subject) {
		s.tellClosed()
		require.NoError(t, s.SetWriteDeadline(time.Now().Add(time.Millisecond)))
		_, err := s.Write(make([]byte, 64<<20)) // more than any system takes at once
		if err == nil {
			err = <-s.closed
		} else {
			<-s.closed
		}
		require.ErrorIs(t, err, os.ErrDeadlineExceeded)
	})
}

func TestADeadlineThatIsTakenBackOrInThePast(t *testing.T) {
	overAllKinds(t, eventloop.Config{}, func(t *testing.T, s *subject) {
		require.NoError(t, s.SetDeadline(time.Now().Add(time.Millisecond)))
		require.NoError(t, s.SetDeadline(time.Time{}))
		received := s.record(t)
		_, err := s.peer.Write([]byte("x"))
		require.NoError(t, err)
		require.Eventually(t, func() (got bool) {
			on(t, s.loop, func() { got = received.Len() == 1 })
			return got
		}, time.Minute, time.Millisecond)
		require.NoError(t, s.SetReadDeadline(time.Unix(1, 0)))
		require.ErrorIs(t, <-s.closed, os.ErrDeadlineExceeded)
	})
}

func TestIdleTimeoutEndsAConnectionThatIsIdle(t *testing.T) {
	cfg := eventloop.Config{Conn: eventloop.ConnConfig{IdleTimeout: 10 * time.Millisecond}}
	overAllKinds(t, cfg, func(t *testing.T, s *subject) {
		s.record(t)
		err := <-s.closed
		require.ErrorIs(t, err, eventloop.ErrIdle)
		require.ErrorIs(t, err, os.ErrDeadlineExceeded)
	})
}

func TestCloseSendsAllThatIsQueuedFirst(t *testing.T) {
	overAllKinds(t, eventloop.Config{}, func(t *testing.T, s *subject) {
		const size = 8 << 20
		on(t, s.loop, func() {
			s.tellClosed()
			n, err := s.Write(make([]byte, size))
			require.NoError(t, err)
			require.Equal(t, size, n)
			s.Close()
			_, err = s.Write([]byte("x"))
			require.ErrorIs(t, err, net.ErrClosed)
		})
		got, err := io.ReadAll(s.peer)
		require.NoError(t, err)
		require.Len(t, got, size)
		require.NoError(t, <-s.closed)
	})
}

// Both sides have sent all: nobody needs to call Close.
func TestAConnectionEndsWhenBothSidesHaveSentAll(t *testing.T) {
	overAllKinds(t, eventloop.Config{}, func(t *testing.T, s *subject) {
		ended := make(chan bool, 1)
		on(t, s.loop, func() {
			s.tellClosed()
			s.OnEnd(func() { ended <- true })
			s.CloseWrite()
		})
		_ = s.peer.Close()
		<-ended
		require.NoError(t, <-s.closed)
	})
}

func TestAbortAndCloseFromManySides(t *testing.T) {
	rounds := 60
	if raceEnabled {
		rounds = 20
	}
	for kind, pair := range pairs(t) {
		t.Run(kind, func(t *testing.T) {
			l := started(t, eventloop.Config{})
			ends := make(chan error, 1)
			for round := range rounds {
				server, client := pair(t)
				c, err := l.Attach(server)
				require.NoError(t, err)
				c.OnData(func(p []byte) { _, _ = c.Write(p) })
				go func() {
					_, _ = client.Write(make([]byte, 1000))
					if round%2 == 0 {
						(&subject{peer: client}).reset()
					}
					_ = client.Close()
				}()
				go func() { _, _ = c.Write(make([]byte, 100_000)) }()
				for i, end := range []func(){c.Abort, c.Close, c.CloseWrite, c.Pause} {
					if round>>i&1 == 0 {
						go end()
					}
				}
				c.OnClose(func(err error) { ends <- err })
				if round>>3&1 == 0 { // paused
					c.Resume()
					go c.Close()
				}
				<-ends
			}
			require.NoError(t, l.Shutdown(t.Context()))
			require.Empty(t, ends)
		})
	}
}

func TestAcceptThatPanicsEndsTheConnection(t *testing.T) {
	for name, leave := range map[string]func(){"panic": func() { panic("x") }, "exit": runtime.Goexit} {
		t.Run(name, func(t *testing.T) {
			l := started(t, eventloop.Config{OnPanic: func(error) {}})
			ln := listen(t)
			closed := make(chan error, 1)
			_, err := l.Serve(ln, func(c *eventloop.Conn) {
				c.OnClose(func(err error) { closed <- err })
				leave()
			})
			require.NoError(t, err)
			if client, err := net.Dial("tcp", ln.Addr().String()); err == nil { // else the reset was faster
				_, err = client.Read(make([]byte, 1))
				require.Error(t, err)
				require.NoError(t, client.Close())
			}
			require.NoError(t, <-closed)
			require.NoError(t, l.Shutdown(t.Context()))
		})
	}
}

// Peers reset while the loop is busy, so that many connections have failed before accept gets them.
func TestEachAcceptedConnectionGetsOneOnClose(t *testing.T) {
	const clients = 300
	l := started(t, eventloop.Config{})
	ln := listen(t)
	accepted, closed := 0, 0
	_, err := l.Serve(ln, func(c *eventloop.Conn) {
		accepted++
		c.OnClose(func(error) { closed++ })
		c.OnData(func([]byte) {})
	})
	require.NoError(t, err)
	release := make(chan struct{})
	require.NoError(t, l.Post(func() { <-release }))
	for range clients {
		client, err := net.Dial("tcp", ln.Addr().String())
		require.NoError(t, err)
		(&subject{peer: client}).reset()
	}
	close(release)
	require.Eventually(t, func() (all bool) {
		on(t, l, func() { all = accepted == clients && closed == clients })
		return all
	}, time.Minute, time.Millisecond)
	require.Zero(t, l.Health().Conns)
}

func TestMaxConnsAcceptsOneMoreWhenOneEnds(t *testing.T) {
	l := started(t, eventloop.Config{Conn: eventloop.ConnConfig{MaxConns: 2}})
	ln := listen(t)
	accepted := make(chan *eventloop.Conn, 10)
	server, err := l.Serve(ln, func(c *eventloop.Conn) { accepted <- c })
	require.NoError(t, err)
	for range 4 {
		client, err := net.Dial("tcp", ln.Addr().String())
		require.NoError(t, err)
		defer client.Close()
	}
	for left := 4; left > 0; left-- {
		c := <-accepted
		require.LessOrEqual(t, l.Health().Conns, 2)
		c.Close()
	}
	require.NoError(t, server.Close())
	<-server.Done()
	require.NoError(t, l.Shutdown(t.Context()))
}

func TestAListenerAtMaxConnsCloses(t *testing.T) {
	l := started(t, eventloop.Config{Conn: eventloop.ConnConfig{MaxConns: 1}})
	ln := listen(t)
	accepted := make(chan *eventloop.Conn, 1)
	server, err := l.Serve(ln, func(c *eventloop.Conn) { accepted <- c })
	require.NoError(t, err)
	client, err := net.Dial("tcp", ln.Addr().String())
	require.NoError(t, err)
	c := <-accepted
	require.NoError(t, server.Close())
	<-server.Done()
	require.NoError(t, server.Err())
	c.Abort()
	require.NoError(t, client.Close())
}

func TestSlowDropBoundsASingleWrite(t *testing.T) {
	cfg := eventloop.Config{Conn: eventloop.ConnConfig{HighWater: 1000, SlowReader: eventloop.SlowDrop}}
	overAllKinds(t, cfg, func(t *testing.T, s *subject) {
		n, err := s.Write(make([]byte, 1001))
		require.ErrorIs(t, err, eventloop.ErrSlowReader)
		require.Zero(t, n)
		require.Zero(t, s.Buffered())
		require.Equal(t, uint64(1), s.Dropped())
		n, err = s.Write(make([]byte, 1000))
		require.NoError(t, err)
		require.Equal(t, 1000, n)
	})
}

// What a failed connection is asked for is refused with why it has failed.
func TestAFailedConnectionSaysWhy(t *testing.T) {
	overAllKinds(t, eventloop.Config{}, func(t *testing.T, s *subject) {
		s.tellClosed()
		require.NoError(t, s.SetReadDeadline(time.Unix(1, 0)))
		why := <-s.closed
		_, err := s.Write([]byte("x"))
		require.ErrorIs(t, err, why)
		_, err = s.Read(t.Context(), make([]byte, 1))
		require.ErrorIs(t, err, why)
		_, err = s.WriteWait(t.Context(), []byte("x"))
		require.ErrorIs(t, err, why)
	})
}

// A server that resets at once: a connection that Then or a task was given has ended already, and
// says so.
func TestEachDialledConnectionGetsOneOnClose(t *testing.T) {
	const dials = 100
	l := started(t, eventloop.Config{})
	ln := listen(t)
	defer ln.Close()
	go func() {
		for {
			nc, err := ln.Accept()
			if err != nil {
				return
			}
			(&subject{peer: nc}).reset()
		}
	}()
	given, closed := 0, 0
	take := func(c *eventloop.Conn, err error) {
		if err == nil {
			given++
			c.OnClose(func(error) { closed++ })
			c.OnData(func([]byte) {})
		}
	}
	for range dials {
		f := l.Dial(t.Context(), "tcp", ln.Addr().String())
		eventloop.Then(l, f, take)
		_ = quartet.Run(t.Context(), l, func(ctx context.Context) error {
			take(l.Dial(ctx, "tcp", ln.Addr().String()).Await(ctx))
			return nil
		})
		_, _ = f.Await(t.Context())
	}
	require.Eventually(t, func() (all bool) {
		on(t, l, func() { all = given == closed })
		return all && l.Health().Conns == 0
	}, time.Minute, time.Millisecond)
	require.NoError(t, l.Shutdown(t.Context()))
	require.Equal(t, given, closed)
}
