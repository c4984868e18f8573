package eventloop_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/eventloop"
)

// pair is a connection of the loop and its other side, for each kind of connection.
type pair func(t *testing.T) (server, client net.Conn)

func listened(listen func(t *testing.T) net.Listener, dial func(addr string) (net.Conn, error)) pair {
	return func(t *testing.T) (server, client net.Conn) {
		ln := listen(t)
		defer ln.Close()
		accepted := make(chan net.Conn, 1)
		go func() {
			c, _ := ln.Accept()
			accepted <- c
		}()
		client, err := dial(ln.Addr().String())
		require.NoError(t, err)
		return <-accepted, client
	}
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	return ln
}

func pairs(t *testing.T) map[string]pair {
	cert := selfSigned(t)
	dial := func(network string) func(string) (net.Conn, error) {
		return func(addr string) (net.Conn, error) { return net.Dial(network, addr) }
	}
	return map[string]pair{
		"tcp": listened(listen, dial("tcp")),
		"unix": listened(func(t *testing.T) net.Listener {
			ln, err := net.Listen("unix", filepath.Join(t.TempDir(), "s"))
			require.NoError(t, err)
			return ln
		}, dial("unix")),
		"tls": listened(func(t *testing.T) net.Listener {
			return tls.NewListener(listen(t), &tls.Config{Certificates: []tls.Certificate{cert}})
		}, func(addr string) (net.Conn, error) {
			c, err := net.Dial("tcp", addr)
			return tls.Client(c, &tls.Config{InsecureSkipVerify: true}), err
		}),
		"pipe": func(*testing.T) (net.Conn, net.Conn) { return net.Pipe() },
	}
}

func selfSigned(t *testing.T) tls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func started(t *testing.T, cfg eventloop.Config) *eventloop.Loop {
	l := eventloop.New(cfg)
	l.Start()
	t.Cleanup(func() { require.NoError(t, l.Close()) })
	return l
}

// on runs fn on the loop, and waits for it.
func on(t *testing.T, l *eventloop.Loop, fn func()) {
	t.Helper()
	done := make(chan struct{})
	require.NoError(t, l.Post(func() { fn(); close(done) }))
	<-done
}

func TestEchoOnEveryKindOfConnection(t *testing.T) {
	for name, pair := range pairs(t) {
		t.Run(name, func(t *testing.T) {
			l := started(t, eventloop.Config{})
			server, client := pair(t)
			closed := make(chan error, 1)
			c, err := l.Attach(server)
			require.NoError(t, err)
			c.OnData(func(p []byte) { _, _ = c.Write(p) })
			c.OnClose(func(err error) { closed <- err })
			message := bytes.Repeat([]byte("0123456789"), 30_000)
			go func() { _, _ = client.Write(message) }()
			got := make([]byte, len(message))
			_, err = io.ReadFull(client, got)
			require.NoError(t, err)
			require.True(t, bytes.Equal(message, got))
			require.NoError(t, client.Close())
			require.NoError(t, <-closed)
			require.NoError(t, l.Shutdown(t.Context()))
		})
	}
}

func TestFibersReadAndWriteEveryKindOfConnection(t *testing.T) {
	for name, pair := range pairs(t) {
		t.Run(name, func(t *testing.T) {
			l := started(t, eventloop.Config{Debug: true})
			server, client := pair(t)
			c, err := l.Attach(server)
			require.NoError(t, err)
			peer, err := l.Attach(client)
			require.NoError(t, err)
			echo := quartet.Go(t.Context(), l, func(ctx context.Context) (int, error) {
				defer c.Close()
				p, total := make([]byte, 1000), 0
				for {
					n, err := c.Read(ctx, p)
					if err == io.EOF {
						return total, nil
					}
					if err != nil {
						return total, err
					}
					total += n
					if _, err := c.WriteWait(ctx, p[:n]); err != nil {
						return total, err
					}
				}
			})
			_, err = quartet.Do(t.Context(), l, func(ctx context.Context) (int, error) {
				p := make([]byte, 10)
				for range 100 {
					_, err := peer.WriteWait(ctx, []byte("ping"))
					require.NoError(t, err)
					n, err := peer.Read(ctx, p)
					require.NoError(t, err)
					require.Equal(t, "ping", string(p[:n]))
				}
				peer.Close()
				return 0, nil
			})
			require.NoError(t, err)
			total, err := echo.Await(t.Context())
			require.NoError(t, err)
			require.Equal(t, 400, total)
			require.NoError(t, l.Shutdown(t.Context()))
		})
	}
}

func TestPauseKeepsDataBackAndResumeGivesItInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := started(t, eventloop.Config{Conn: eventloop.ConnConfig{ReadBuffer: 1}})
		here, there := net.Pipe()
		c, err := l.Attach(there)
		require.NoError(t, err)
		var got []byte
		c.OnData(func(p []byte) { got = append(got, p...) })
		c.Pause()
		sent := make(chan int, 1)
		go func() {
			n, _ := here.Write([]byte("abcdefghij"))
			sent <- n
			_ = here.Close()
		}()
		synctest.Wait()
		require.Empty(t, got)
		require.Empty(t, sent, "the other side is slowed down: only a few buffers were read ahead")
		c.Resume()
		synctest.Wait()
		require.Equal(t, "abcdefghij", string(got))
		require.Equal(t, 10, <-sent)
	})
}

func TestPauseInsideOnData(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := started(t, eventloop.Config{Conn: eventloop.ConnConfig{ReadBuffer: 2}})
		here, there := net.Pipe()
		c, err := l.Attach(there)
		require.NoError(t, err)
		var got []string
		c.OnData(func(p []byte) {
			got = append(got, string(p))
			c.Pause()
			l.AfterFunc(time.Second, c.Resume)
		})
		begin := time.Now()
		go func() { _, _ = here.Write([]byte("aabbcc")); _ = here.Close() }()
		ended := make(chan error, 1)
		c.OnClose(func(err error) { ended <- err })
		require.NoError(t, <-ended)
		require.Equal(t, []string{"aa", "bb", "cc"}, got)
		require.Equal(t, 3*time.Second, time.Since(begin))
	})
}

func TestWaterMarksAndDrain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := started(t, eventloop.Config{Conn: eventloop.ConnConfig{HighWater: 100, LowWater: 50}})
		here, there := net.Pipe()
		c, err := l.Attach(there)
		require.NoError(t, err)
		drained := 0
		c.OnDrain(func() { drained++ })
		on(t, l, func() {
			for range 4 {
				n, err := c.Write(make([]byte, 40))
				require.NoError(t, err)
				require.Equal(t, 40, n)
			}
		})
		synctest.Wait()
		require.True(t, c.Full())
		require.Equal(t, 160, c.Buffered())
		_, err = io.ReadFull(here, make([]byte, 160))
		require.NoError(t, err)
		synctest.Wait()
		require.False(t, c.Full())
		require.Zero(t, c.Buffered())
		require.Equal(t, 1, drained)
		_, _ = c.Write(make([]byte, 10))
		_, _ = io.ReadFull(here, make([]byte, 10))
		synctest.Wait()
		require.Equal(t, 1, drained, "it was not full")
		_ = here.Close()
	})
}

// A full connection is drained when as much as LowWater is left, and not only below that.
func TestAFullConnectionIsDrainedAtTheLowMark(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := started(t, eventloop.Config{Conn: eventloop.ConnConfig{HighWater: 160, LowWater: 120}})
		here, there := net.Pipe()
		c, err := l.Attach(there)
		require.NoError(t, err)
		drained := 0
		c.OnDrain(func() { drained++ })
		for range 4 { // the first is on its way, in a write of its own, when the others come
			_, err := c.Write(make([]byte, 40))
			require.NoError(t, err)
			synctest.Wait()
		}
		require.True(t, c.Full())
		_, err = io.ReadFull(here, make([]byte, 40))
		require.NoError(t, err)
		synctest.Wait()
		require.Equal(t, 120, c.Buffered())
		require.False(t, c.Full())
		require.Equal(t, 1, drained)
		_ = here.Close()
	})
}

// Reading needs new memory for the connection once, and not for each piece of data.
func TestReadBuffersAreUsedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const pieces, size = 1000, 64 << 10
		l := started(t, eventloop.Config{Conn: eventloop.ConnConfig{ReadBuffer: size}})
		here, there := net.Pipe()
		c, err := l.Attach(there)
		require.NoError(t, err)
		got := 0
		c.OnData(func(data []byte) { got += len(data) })
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for range pieces {
			_, err := here.Write([]byte{1})
			require.NoError(t, err)
			synctest.Wait()
		}
		runtime.ReadMemStats(&after)
		require.Equal(t, pieces, got)
		// Under the race detector a sync.Pool drops a quarter of what it is given.
		require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(pieces*size/2))
		_ = here.Close()
	})
}

func TestSlowReaders(t *testing.T) {
	for name, c := range map[string]struct {
		policy eventloop.SlowReader
		check  func(t *testing.T, c *eventloop.Conn, errs []error, closed chan error)
	}{
		"wait": {eventloop.SlowWait, func(t *testing.T, c *eventloop.Conn, errs []error, closed chan error) {
			require.Equal(t, []error{nil, nil, nil}, errs)
			require.Equal(t, 180, c.Buffered())
		}},
		"drop": {eventloop.SlowDrop, func(t *testing.T, c *eventloop.Conn, errs []error, closed chan error) {
			require.Equal(t, []error{nil, eventloop.ErrSlowReader, eventloop.ErrSlowReader}, errs)
			require.Equal(t, uint64(2), c.Dropped())
			require.Equal(t, 60, c.Buffered())
		}},
		"close": {eventloop.SlowClose, func(t *testing.T, c *eventloop.Conn, errs []error, closed chan error) {
			require.Equal(t, []error{nil, eventloop.ErrSlowReader, eventloop.ErrSlowReader}, errs)
			require.ErrorIs(t, <-closed, eventloop.ErrSlowReader)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := started(t, eventloop.Config{})
				here, there := net.Pipe()
				defer here.Close()
				conn, err := l.Attach(there)
				require.NoError(t, err)
				conn.Configure(eventloop.ConnConfig{HighWater: 100, SlowReader: c.policy})
				closed := make(chan error, 1)
				conn.OnClose(func(err error) { closed <- err })
				var errs []error
				on(t, l, func() {
					for range 3 {
						_, err := conn.Write(make([]byte, 60))
						errs = append(errs, err)
					}
				})
				synctest.Wait()
				c.check(t, conn, errs, closed)
			})
		})
	}
}

// WriteWait suspends the task, so that the queued data stays about the mark, however much is
// written.
func TestWriteWaitKeepsMemoryBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const mark = 1000
		l := started(t, eventloop.Config{Conn: eventloop.ConnConfig{HighWater: mark}})
		here, there := net.Pipe()
		c, err := l.Attach(there)
		require.NoError(t, err)
		most := 0
		f := quartet.Go(t.Context(), l, func(ctx context.Context) (int, error) {
			for range 100 {
				if _, err := c.WriteWait(ctx, make([]byte, 1700)); err != nil {
					return 0, err
				}
				most = max(most, c.Buffered())
			}
			c.Close()
			return most, nil
		})
		got, err := io.ReadAll(here)
		require.NoError(t, err)
		require.Len(t, got, 170_000)
		_, err = f.Await(t.Context())
		require.NoError(t, err)
		require.Less(t, most, 2*mark)
	})
}

func TestWaitsOfReadAndWriteEndWithTheirContextAndTheConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := started(t, eventloop.Config{Conn: eventloop.ConnConfig{HighWater: 1}})
		here, there := net.Pipe()
		defer here.Close()
		c, err := l.Attach(there)
		require.NoError(t, err)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err = quartet.Do(ctx, l, func(ctx context.Context) (int, error) { return c.Read(ctx, make([]byte, 1)) })
		require.ErrorIs(t, err, context.DeadlineExceeded)
		ctx, cancel = context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err = quartet.Do(ctx, l, func(ctx context.Context) (int, error) {
			return c.WriteWait(ctx, make([]byte, 10))
		})
		require.ErrorIs(t, err, context.DeadlineExceeded)
		read := quartet.Go(t.Context(), l, func(ctx context.Context) (int, error) {
			return c.Read(ctx, make([]byte, 1))
		})
		write := quartet.Go(t.Context(), l, func(ctx context.Context) (int, error) {
			return c.WriteWait(ctx, make([]byte, 10))
		})
		synctest.Wait()
		c.Abort()
		_, err = read.Await(t.Context())
		require.ErrorIs(t, err, net.ErrClosed)
		_, err = write.Await(t.Context())
		require.ErrorIs(t, err, net.ErrClosed)
		_, err = c.Write([]byte("x"))
		require.ErrorIs(t, err, net.ErrClosed)
	})
}

func TestCloseTimeoutBoundsAFlushThatNobodyTakes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := started(t, eventloop.Config{})
		here, there := net.Pipe()
		defer here.Close()
		c, err := l.Attach(there)
		require.NoError(t, err)
		closed := make(chan error, 1)
		c.OnClose(func(err error) { closed <- err })
		_, err = c.Write([]byte("nobody reads this"))
		require.NoError(t, err)
		begin := time.Now()
		c.Close()
		c.Close()
		require.ErrorIs(t, <-closed, os.ErrDeadlineExceeded)
		require.Equal(t, 5*time.Second, time.Since(begin))
	})
}

func TestDeadlines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := started(t, eventloop.Config{})
		for _, set := range []func(c *eventloop.Conn) error{
			func(c *eventloop.Conn) error { return c.SetReadDeadline(time.Now().Add(time.Second)) },
			func(c *eventloop.Conn) error {
				defer func() { _, _ = c.Write([]byte("x")) }()
				return c.SetWriteDeadline(time.Now().Add(time.Second))
			},
		} {
			here, there := net.Pipe()
			c, err := l.Attach(there)
			require.NoError(t, err)
			closed := make(chan error, 1)
			c.OnClose(func(err error) { closed <- err })
			begin := time.Now()
			require.NoError(t, set(c))
			require.ErrorIs(t, <-closed, os.ErrDeadlineExceeded)
			require.Equal(t, time.Second, time.Since(begin))
			_ = here.Close()
		}
	})
}

// OnClose is of the closing phase: after the immediates of its turn.
func TestClosingIsTheLastPhase(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := eventloop.New(eventloop.Config{})
		here, there := net.Pipe()
		c, err := l.Attach(there)
		require.NoError(t, err)
		var log []string
		note := func(s string) func() { return func() { log = append(log, s) } }
		require.Equal(t, 1, l.Health().Conns)
		c.OnClose(func(error) { note("close")(); l.Microtask(note("microtask")); l.Immediate(note("next immediate")) })
		require.NoError(t, l.Post(func() {
			c.Abort()
			note("post")()
			l.Immediate(note("immediate"))
			time.Sleep(time.Millisecond) // so that the connection has ended
			_ = l.Post(note("next post"))
		}))
		require.NoError(t, l.Run(t.Context()))
		require.Equal(t, []string{"post", "immediate", "close", "microtask", "next post", "next immediate"}, log)
		require.Equal(t, uint64(1), l.Health().Closing)
		require.Zero(t, l.Health().Conns)
		_ = here.Close()
		require.NoError(t, l.Close())
	})
}

func TestALoopThatIsStoppedTakesNoConnections(t *testing.T) {
	l := eventloop.New(eventloop.Config{})
	ln := listen(t)
	defer ln.Close()
	server, err := l.Serve(ln, func(*eventloop.Conn) {})
	require.NoError(t, err)
	_, there := net.Pipe()
	defer there.Close()
	c, err := l.Attach(there)
	require.NoError(t, err)
	require.NoError(t, l.Close(), "also without anybody who runs it")
	<-server.Done()
	require.NoError(t, server.Err())
	_, err = c.Write([]byte("x"))
	require.ErrorIs(t, err, quartet.ErrClosed)
	_, err = l.Attach(there)
	require.ErrorIs(t, err, quartet.ErrClosed)
	_, err = l.Serve(ln, func(*eventloop.Conn) {})
	require.ErrorIs(t, err, quartet.ErrClosed)
	_, err = l.Dial(t.Context(), "tcp", ln.Addr().String()).Result()
	require.ErrorIs(t, err, quartet.ErrClosed)
	require.Panics(t, func() { _, _ = l.Attach(nil) })
	require.Panics(t, func() { _, _ = l.Serve(ln, nil) })
}

func TestBadConnConfig(t *testing.T) {
	for field, cfg := range map[string]eventloop.ConnConfig{
		"ReadBuffer": {ReadBuffer: -1}, "HighWater": {HighWater: -1}, "LowWater": {LowWater: -1},
		"LowWater is above": {HighWater: 1, LowWater: 2}, "CloseTimeout": {CloseTimeout: -1},
		"SlowReader": {SlowReader: 3},
	} {
		func() {
			defer func() { require.Contains(t, recover(), "eventloop: Config.Conn."+field) }()
			eventloop.New(eventloop.Config{Conn: cfg})
		}()
	}
}

func TestReadWithOnDataPanics(t *testing.T) {
	l := started(t, eventloop.Config{})
	here, there := net.Pipe()
	defer here.Close()
	c, err := l.Attach(there)
	require.NoError(t, err)
	c.OnData(func([]byte) {})
	require.Panics(t, func() { _, _ = c.Read(t.Context(), make([]byte, 1)) })
}

func TestDialThatFails(t *testing.T) {
	l := started(t, eventloop.Config{})
	ln := listen(t)
	addr := ln.Addr().String()
	require.NoError(t, ln.Close())
	_, err := l.Dial(t.Context(), "tcp", addr).Await(t.Context())
	require.Error(t, err)
}
