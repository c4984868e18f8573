package eventloop_test

import (
	"errors"
	"io"
	"net"
	"os"
	"runtime"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet/eventloop"
)

// descriptors is how many the process has open, where the system tells.
func descriptors(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip("this system does not tell how many descriptors are open: ", err)
	}
	return len(entries)
}

// echoServer echoes on a loop that the test closes itself.
func echoServer(t *testing.T, cfg eventloop.Config) (l *eventloop.Loop, addr string) {
	t.Helper()
	l = eventloop.New(cfg)
	l.Start()
	ln := listen(t)
	_, err := l.Serve(ln, func(c *eventloop.Conn) { c.OnData(func(p []byte) { _, _ = c.Write(p) }) })
	require.NoError(t, err)
	return l, ln.Addr().String()
}

func TestManyConnectionsAtOnce(t *testing.T) {
	const connections = 5000
	raiseDescriptorLimit(t, 2*connections+200)
	require.NoError(t, listen(t).Close()) // the runtime's poller has descriptors of its own
	before, goroutines := descriptors(t), runtime.NumGoroutine()
	l, addr := echoServer(t, eventloop.Config{})
	clients := make([]net.Conn, connections)
	for i := range clients {
		c, err := net.Dial("tcp", addr)
		require.NoError(t, err)
		clients[i] = c
	}
	var all sync.WaitGroup
	for _, c := range clients {
		all.Go(func() {
			p := make([]byte, 5)
			_, err := c.Write([]byte("hello"))
			if err == nil {
				_, err = io.ReadFull(c, p)
			}
			if err != nil || string(p) != "hello" {
				t.Error(string(p), err)
			}
		})
	}
	all.Wait()
	for _, c := range clients[:connections/2] {
		require.NoError(t, c.Close())
	}
	require.NoError(t, l.Close(), "half of them are still open")
	for _, c := range clients[connections/2:] {
		_, err := c.Read(make([]byte, 1))
		require.Error(t, err)
		require.NoError(t, c.Close())
	}
	require.Equal(t, before, descriptors(t))
	require.LessOrEqual(t, runtime.NumGoroutine(), goroutines+1) // the poller's
}

// A client that never reads takes nothing from the others, and is bounded by the water marks.
func TestAClientThatNeverReads(t *testing.T) {
	l := eventloop.New(eventloop.Config{Conn: eventloop.ConnConfig{SlowReader: eventloop.SlowClose}})
	l.Start()
	closed := make(chan error, 1)
	ln := listen(t)
	first := true
	_, err := l.Serve(ln, func(c *eventloop.Conn) {
		if !first {
			c.OnData(func(p []byte) { _, _ = c.Write(p) })
			return
		}
		first = false
		c.OnClose(func(err error) { closed <- err })
		var flood func()
		flood = func() {
			if _, err := c.Write(make([]byte, 10_000)); err == nil {
				l.Immediate(flood)
			}
		}
		flood()
	})
	require.NoError(t, err)
	silent, err := net.Dial("tcp", ln.Addr().String())
	require.NoError(t, err)
	other, err := net.Dial("tcp", ln.Addr().String())
	require.NoError(t, err)
	_, err = other.Write([]byte("x"))
	require.NoError(t, err)
	_, err = io.ReadFull(other, make([]byte, 1))
	require.NoError(t, err)
	require.ErrorIs(t, <-closed, eventloop.ErrSlowReader)
	require.NoError(t, silent.Close())
	require.NoError(t, other.Close())
	require.NoError(t, l.Shutdown(t.Context()))
}

func TestAClientThatSendsAByteAtATime(t *testing.T) {
	l, addr := echoServer(t, eventloop.Config{})
	c, err := net.Dial("tcp", addr)
	require.NoError(t, err)
	require.NoError(t, c.(*net.TCPConn).SetNoDelay(true))
	const size = 2000
	go func() {
		for i := range size {
			_, _ = c.Write([]byte{byte(i)})
		}
		_ = c.(*net.TCPConn).CloseWrite()
	}()
	got, err := io.ReadAll(c) // a half-closed connection without OnEnd is closed when all is sent
	require.NoError(t, err)
	require.Len(t, got, size)
	for i, b := range got {
		require.Equal(t, byte(i), b)
	}
	require.NoError(t, c.Close())
	require.NoError(t, l.Shutdown(t.Context()))
}

func TestHalfCloseOfTheServer(t *testing.T) {
	l := eventloop.New(eventloop.Config{})
	l.Start()
	ln := listen(t)
	got := make(chan string, 1)
	_, err := l.Serve(ln, func(c *eventloop.Conn) {
		_, _ = c.Write([]byte("all I have"))
		c.CloseWrite()
		_, err := c.Write([]byte("x"))
		if !errors.Is(err, net.ErrClosed) {
			t.Error(err)
		}
		var in []byte
		c.OnData(func(p []byte) { in = append(in, p...) })
		c.OnEnd(func() { got <- string(in); c.Close() })
	})
	require.NoError(t, err)
	c, err := net.Dial("tcp", ln.Addr().String())
	require.NoError(t, err)
	all, err := io.ReadAll(c)
	require.NoError(t, err)
	require.Equal(t, "all I have", string(all))
	_, err = c.Write([]byte("still read"))
	require.NoError(t, err)
	require.NoError(t, c.Close())
	require.Equal(t, "still read", <-got)
	require.NoError(t, l.Shutdown(t.Context()))
}

// 64 MiB go through, and the queued data never exceeds the mark by more than a write.
func TestMuchDataWithBoundedMemory(t *testing.T) {
	const total, mark, piece = 64 << 20, 256 << 10, 100_000
	l := eventloop.New(eventloop.Config{Conn: eventloop.ConnConfig{HighWater: mark}})
	l.Start()
	ln := listen(t)
	most := make(chan int, 1)
	_, err := l.Serve(ln, func(c *eventloop.Conn) {
		left, worst := total, 0
		pump := func() {
			for left > 0 && !c.Full() {
				n, _ := c.Write(make([]byte, min(piece, left)))
				left -= n
				worst = max(worst, c.Buffered())
			}
			if left == 0 {
				most <- worst
				c.Close()
			}
		}
		c.OnDrain(pump)
		pump()
	})
	require.NoError(t, err)
	c, err := net.Dial("tcp", ln.Addr().String())
	require.NoError(t, err)
	n, err := io.Copy(io.Discard, c)
	require.NoError(t, err)
	require.Equal(t, int64(total), n)
	require.Less(t, <-most, mark+piece)
	require.NoError(t, c.Close())
	require.NoError(t, l.Shutdown(t.Context()))
}

// A relay of two connections on one loop, with the back pressure of Pause and Resume.
func TestARelayPassesBackPressureOn(t *testing.T) {
	const total, mark = 16 << 20, 64 << 10
	l := eventloop.New(eventloop.Config{Conn: eventloop.ConnConfig{HighWater: mark}})
	l.Start()
	fromClient, source := tcpPair(t)
	toClient, sink := tcpPair(t)
	from, err := l.Attach(fromClient)
	require.NoError(t, err)
	to, err := l.Attach(toClient)
	require.NoError(t, err)
	most := 0
	on(t, l, func() {
		from.OnData(func(p []byte) {
			_, _ = to.Write(p)
			if most = max(most, to.Buffered()); to.Full() {
				from.Pause()
			}
		})
		to.OnDrain(from.Resume)
		from.OnClose(func(error) { to.Close() })
	})
	go func() {
		_, _ = source.Write(make([]byte, total))
		_ = source.Close()
	}()
	n, err := io.Copy(io.Discard, sink)
	require.NoError(t, err)
	require.Equal(t, int64(total), n)
	require.NoError(t, sink.Close())
	require.NoError(t, l.Shutdown(t.Context()))
	require.Less(t, most, mark+16<<10)
}

func tcpPair(t *testing.T) (server, client net.Conn) {
	return listened(listen, func(addr string) (net.Conn, error) { return net.Dial("tcp", addr) })(t)
}

// Closing from both sides, writing and aborting at once: every connection ends, once.
func TestConnectionsRaceToTheirEnd(t *testing.T) {
	rounds := 300
	if raceEnabled {
		rounds = 100
	}
	l := eventloop.New(eventloop.Config{})
	l.Start()
	for i := range rounds {
		server, client := tcpPair(t)
		c, err := l.Attach(server)
		require.NoError(t, err)
		closed := make(chan error, 2)
		c.OnClose(func(err error) { closed <- err })
		c.OnData(func(p []byte) { _, _ = c.Write(p) })
		var all sync.WaitGroup
		all.Go(func() { _, _ = client.Write(make([]byte, 1000)); _ = client.Close() })
		all.Go(func() { _, _ = c.Write(make([]byte, 100_000)) })
		if i%2 == 0 {
			all.Go(c.Abort)
		}
		if i%3 == 0 {
			all.Go(c.Close)
		}
		all.Go(c.CloseWrite)
		all.Wait()
		<-closed
		require.Empty(t, closed)
	}
	require.NoError(t, l.Shutdown(t.Context()))
}
