//go:build linux || darwin || dragonfly || freebsd || netbsd || openbsd

package eventloop_test

import (
	"context"
	"io"
	"net"
	"runtime"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/eventloop"
)

// However many sockets wait, with callbacks or with a task's Read before them: there is one
// goroutine for all, and one for each task that waits.
func TestSocketsWaitWithoutGoroutines(t *testing.T) {
	const conns = 300
	l, addr := echoServer(t, eventloop.Config{})
	before := runtime.NumGoroutine()
	clients := make([]net.Conn, conns)
	for i := range clients {
		c, err := net.Dial("tcp", addr)
		require.NoError(t, err)
		clients[i] = c
		_, err = c.Write([]byte("x"))
		require.NoError(t, err)
		_, err = io.ReadFull(c, make([]byte, 1))
		require.NoError(t, err)
	}
	require.Equal(t, conns, l.Health().Conns)
	require.LessOrEqual(t, runtime.NumGoroutine(), before+5)
	for _, c := range clients {
		require.NoError(t, c.Close())
	}
	require.NoError(t, l.Shutdown(t.Context()))
}

// Options that are set through NetConn are those of the connection's own socket.
func TestNetConnStandsForTheSameSocket(t *testing.T) {
	for _, kind := range []string{"tcp", "unix"} {
		t.Run(kind, func(t *testing.T) {
			l := started(t, eventloop.Config{})
			server, client := pairs(t)[kind](t)
			c, err := l.Attach(server)
			require.NoError(t, err)
			require.Equal(t, server.RemoteAddr(), c.RemoteAddr())
			type socket interface {
				net.Conn
				syscall.Conn
				SetReadBuffer(bytes int) error
			}
			nc := c.NetConn().(socket)
			require.Same(t, nc, c.NetConn())
			require.NoError(t, nc.SetReadBuffer(8<<10))
			again, err := client.Write([]byte("x"))
			require.NoError(t, err)
			require.Equal(t, 1, again)
			closed := make(chan error, 1)
			c.OnClose(func(err error) { closed <- err })
			c.Abort()
			require.NoError(t, <-closed)
			require.Error(t, c.NetConn().(socket).SetReadBuffer(8<<10), "its options fail when it has ended")
			require.NotNil(t, c.RemoteAddr())
			_, err = client.Read(make([]byte, 1))
			require.Error(t, err, "nothing keeps the socket open")
			require.NoError(t, client.Close())
		})
	}
}

// A loop gives the system's queue back when its Run ends without connections, and takes a new one
// for the next.
func TestTheQueueOfEventsIsGivenBack(t *testing.T) {
	require.NoError(t, listen(t).Close()) // the runtime's poller has descriptors of its own
	before := descriptors(t)
	l := eventloop.New(eventloop.Config{})
	for range 3 {
		server, client := tcpPair(t)
		c, err := l.Attach(server)
		require.NoError(t, err)
		c.OnData(func([]byte) {})
		require.NoError(t, client.Close())
		require.NoError(t, l.Run(t.Context()))
		require.Equal(t, before, descriptors(t))
	}
	require.NoError(t, l.Close())
}

// Tasks that a Run's end waits for read and write to their end.
func TestSocketsServeTheTasksOfARunThatEnds(t *testing.T) {
	l := eventloop.New(eventloop.Config{})
	server, client := tcpPair(t)
	c, err := l.Attach(server)
	require.NoError(t, err)
	waiting := make(chan struct{})
	got := quartet.Go(t.Context(), l, func(ctx context.Context) (string, error) {
		defer c.Close()
		p := make([]byte, 100)
		close(waiting)
		n, err := c.Read(context.WithoutCancel(ctx), p)
		return string(p[:n]), err
	})
	go func() {
		<-waiting
		l.Stop()
		_, _ = client.Write([]byte("after the stop"))
	}()
	require.NoError(t, l.Run(t.Context()))
	text, err := got.Result()
	require.NoError(t, err)
	require.Equal(t, "after the stop", text)
	require.NoError(t, client.Close())
	require.NoError(t, l.Close())
}

// Callbacks of connections are called step by step too.
func TestStepDeliversWhatSocketsHave(t *testing.T) {
	l := eventloop.New(eventloop.Config{})
	server, client := tcpPair(t)
	c, err := l.Attach(server)
	require.NoError(t, err)
	var got []byte
	c.OnData(func(p []byte) { got = append(got, p...) })
	_, err = client.Write([]byte("x"))
	require.NoError(t, err)
	for len(got) == 0 {
		_, err := l.Step()
		require.NoError(t, err)
	}
	require.Equal(t, "x", string(got))
	require.NoError(t, client.Close())
	require.NoError(t, l.Run(t.Context()))
	require.NoError(t, l.Close())
}
