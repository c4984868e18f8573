package eventloop_test

import (
	"context"
	"crypto/tls"
	"net"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet/eventloop"
)

// silentTLS is a TLS server's connection whose client says nothing.
func silentTLS(t *testing.T) (server net.Conn, client net.Conn) {
	client, there := net.Pipe()
	return tls.Server(there, &tls.Config{Certificates: []tls.Certificate{selfSigned(t)}}), client
}

func TestCloseTimeoutBoundsAHandshake(t *testing.T) {
	for name, greeting := range map[string]string{"greets": "220 ready\r\n", "silent": ""} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := started(t, eventloop.Config{Conn: eventloop.ConnConfig{CloseTimeout: time.Second}})
				server, client := silentTLS(t)
				c, err := l.Attach(server)
				require.NoError(t, err)
				closed := make(chan error, 1)
				c.OnClose(func(err error) { closed <- err })
				_, err = c.Write([]byte(greeting))
				require.NoError(t, err)
				begin := time.Now()
				c.Close()
				err = <-closed
				if greeting == "" {
					require.NoError(t, err)
				} else {
					require.ErrorIs(t, err, os.ErrDeadlineExceeded)
					require.Equal(t, time.Second, time.Since(begin))
				}
				require.NoError(t, l.Shutdown(t.Context()))
				require.NoError(t, client.Close())
			})
		})
	}
}

func TestHandshakeTimeout(t *testing.T) {
	for name, c := range map[string]struct{ set, want time.Duration }{
		"default": {0, 10 * time.Second},
		"set":     {time.Second, time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := started(t, eventloop.Config{Conn: eventloop.ConnConfig{HandshakeTimeout: c.set}})
				server, client := silentTLS(t)
				begin := time.Now()
				conn, err := l.Attach(server)
				require.NoError(t, err)
				closed := make(chan error, 1)
				conn.OnClose(func(err error) { closed <- err })
				require.ErrorIs(t, <-closed, context.DeadlineExceeded)
				require.Equal(t, c.want, time.Since(begin))
				require.NoError(t, client.Close())
			})
		})
	}
}

// A client that sends nonsense instead of a handshake is one that failed.
func TestAHandshakeThatFails(t *testing.T) {
	l := started(t, eventloop.Config{})
	server, client := silentTLS(t)
	c, err := l.Attach(server)
	require.NoError(t, err)
	closed := make(chan error, 1)
	c.OnClose(func(err error) { closed <- err })
	go func() {
		_, _ = client.Write([]byte("GET / HTTP/1.0\r\n\r\n"))
		_, _ = client.Read(make([]byte, 100))
		_ = client.Close()
	}()
	require.Error(t, <-closed)
}
