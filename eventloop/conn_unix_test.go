//go:build unix

package eventloop_test

import (
	"context"
	"errors"
	"io"
	"net"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet/eventloop"
)

func TestResetInMidWrite(t *testing.T) {
	l := eventloop.New(eventloop.Config{})
	l.Start()
	ln := listen(t)
	closed := make(chan error, 1)
	_, err := l.Serve(ln, func(c *eventloop.Conn) {
		c.OnClose(func(err error) { closed <- err })
		_ = l.Go(func(ctx context.Context) {
			for {
				if _, err := c.WriteWait(ctx, make([]byte, 100_000)); err != nil {
					return
				}
			}
		})
	})
	require.NoError(t, err)
	c, err := net.Dial("tcp", ln.Addr().String())
	require.NoError(t, err)
	_, err = io.ReadFull(c, make([]byte, 1_000_000))
	require.NoError(t, err)
	require.NoError(t, c.(*net.TCPConn).SetLinger(0))
	require.NoError(t, c.Close())
	err = <-closed
	require.True(t, errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE), err)
	require.NoError(t, l.Shutdown(t.Context()))
}
