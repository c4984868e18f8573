package eventloop_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/eventloop"
)

func TestLinesOverEveryKind(t *testing.T) {
	for _, buffer := range []int{1, 3, 16 << 10} {
		t.Run(fmt.Sprint(buffer), func(t *testing.T) {
			cfg := eventloop.Config{Conn: eventloop.ConnConfig{ReadBuffer: buffer}}
			overAllKinds(t, cfg, func(t *testing.T, s *subject) {
				var got []string
				on(t, s.loop, func() {
					eventloop.Lines(s.Conn, func(line []byte) { got = append(got, string(line)) })
					s.tellClosed()
				})
				go func() {
					_, _ = io.WriteString(s.peer, "one\ntwo\r\n\nfour\nlast without an end")
					_ = s.peer.Close()
				}()
				require.NoError(t, <-s.closed)
				require.Equal(t, []string{"one", "two", "", "four", "last without an end"}, got)
			})
		})
	}
}

// Pause holds back lines that have been received, and the end; Resume gives them one by one here.
func TestPauseBetweenTwoLines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := started(t, eventloop.Config{})
		here, there := net.Pipe()
		c, err := l.Attach(there)
		require.NoError(t, err)
		var got []string
		begin := time.Now()
		eventloop.Lines(c, func(line []byte) {
			got = append(got, string(line))
			c.Pause()
			l.AfterFunc(time.Second, c.Resume)
		})
		ended := make(chan error, 1)
		c.OnClose(func(err error) { ended <- err })
		go func() { _, _ = io.WriteString(here, "a\nb\nc\nd"); _ = here.Close() }()
		require.NoError(t, <-ended)
		require.Equal(t, []string{"a", "b", "c", "d"}, got)
		require.Equal(t, 4*time.Second, time.Since(begin))
	})
}

func TestALineThatIsTooLong(t *testing.T) {
	cfg := eventloop.Config{Conn: eventloop.ConnConfig{MaxMessage: 1000, ReadBuffer: 100}}
	overAllKinds(t, cfg, func(t *testing.T, s *subject) {
		eventloop.Lines(s.Conn, func([]byte) { t.Error("there is no line") })
		s.tellClosed()
		go func() { _, _ = io.WriteString(s.peer, strings.Repeat("x", 1_000_000)) }()
		require.ErrorIs(t, <-s.closed, eventloop.ErrTooLong)
	})
}

// MaxMessage bounds the line without its end, of which one half may have come.
func TestTheLongestLineMayEndInTwoReads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := started(t, eventloop.Config{Conn: eventloop.ConnConfig{MaxMessage: 1000}})
		here, there := net.Pipe()
		c, err := l.Attach(there)
		require.NoError(t, err)
		var got []int
		eventloop.Lines(c, func(line []byte) { got = append(got, len(line)) })
		ended := make(chan error, 1)
		c.OnClose(func(err error) { ended <- err })
		for _, part := range []string{strings.Repeat("x", 1000) + "\r", "\n"} {
			_, err := io.WriteString(here, part)
			require.NoError(t, err)
			synctest.Wait() // the loop has read it
		}
		require.NoError(t, here.Close())
		require.NoError(t, <-ended)
		require.Equal(t, []int{1000}, got)
	})
}

// A callback that panics costs its own line, and no other.
func TestALineWhoseCallbackPanics(t *testing.T) {
	l := started(t, eventloop.Config{OnPanic: func(error) {}})
	here, there := net.Pipe()
	c, err := l.Attach(there)
	require.NoError(t, err)
	var got []string
	closed := make(chan error, 1)
	eventloop.Lines(c, func(line []byte) {
		got = append(got, string(line))
		if string(line) == "b" {
			panic("b")
		}
	})
	c.OnClose(func(err error) { closed <- err })
	_, err = io.WriteString(here, "a\nb\nc\n")
	require.NoError(t, err)
	_, err = io.WriteString(here, "d\n")
	require.NoError(t, err)
	require.NoError(t, here.Close())
	require.NoError(t, <-closed)
	require.Equal(t, []string{"a", "b", "c", "d"}, got)
}

func splitByLength(data []byte, _ bool) (int, []byte, error) {
	if len(data) < 4 {
		return 0, nil, nil
	}
	n := 4 + int(binary.BigEndian.Uint32(data))
	if len(data) < n {
		return 0, nil, nil
	}
	return n, data[4:n:n], nil
}

func TestSplitEndsWithinAMessage(t *testing.T) {
	overAllKinds(t, eventloop.Config{}, func(t *testing.T, s *subject) {
		var got []string
		on(t, s.loop, func() {
			eventloop.Split(s.Conn, splitByLength, func(p []byte) { got = append(got, string(p)) })
			s.tellClosed()
		})
		go func() {
			_, _ = io.WriteString(s.peer, "\x00\x00\x00\x02hi\x00\x00\x00\x09half")
			_ = s.peer.Close()
		}()
		require.ErrorIs(t, <-s.closed, io.ErrUnexpectedEOF)
		require.Equal(t, []string{"hi"}, got)
	})
}

func TestStreamWorksWithTheStandardLibrary(t *testing.T) {
	overAllKinds(t, eventloop.Config{}, func(t *testing.T, s *subject) {
		answers := bufio.NewReader(s.peer)
		served := quartet.Go(t.Context(), s.loop, func(ctx context.Context) (int, error) {
			stream := s.Stream(ctx)
			var v struct{ A int }
			decoder := json.NewDecoder(stream)
			for n := 0; ; n++ {
				if err := decoder.Decode(&v); err != nil {
					return n, stream.Close()
				}
				if _, err := fmt.Fprintln(stream, v.A+1); err != nil {
					return n, err
				}
			}
		})
		for i := range 100 {
			_, err := fmt.Fprintf(s.peer, `{"A": %d}`, i)
			require.NoError(t, err)
			line, err := answers.ReadString('\n')
			require.NoError(t, err)
			require.Equal(t, fmt.Sprintln(i+1), line)
		}
		require.NoError(t, s.peer.Close())
		n, err := served.Await(t.Context())
		require.NoError(t, err)
		require.Equal(t, 100, n)
	})
}

// A relay of two streams is two tasks with io.Copy.
func TestARelayOfStreams(t *testing.T) {
	const size = 4 << 20
	l := started(t, eventloop.Config{})
	fromClient, source := tcpPair(t)
	toClient, sink := tcpPair(t)
	from, err := l.Attach(fromClient)
	require.NoError(t, err)
	to, err := l.Attach(toClient)
	require.NoError(t, err)
	copied := quartet.Go(t.Context(), l, func(ctx context.Context) (int64, error) {
		out := to.Stream(ctx)
		defer out.Close()
		return io.Copy(out, from.Stream(ctx))
	})
	go func() {
		_, _ = source.Write(bytes.Repeat([]byte("x"), size))
		_ = source.Close()
	}()
	n, err := io.Copy(io.Discard, sink)
	require.NoError(t, err)
	require.Equal(t, int64(size), n)
	n, err = copied.Await(t.Context())
	require.NoError(t, err)
	require.Equal(t, int64(size), n)
	from.Close()
	require.NoError(t, sink.Close())
	require.NoError(t, l.Shutdown(t.Context()))
}

func TestFeedGivesEachValueInOrderAndSlowsTheSender(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := started(t, eventloop.Config{})
		ch := make(chan int)
		var got []int
		stop := eventloop.Feed(l, ch, func(v int) { got = append(got, v) })
		for i := range 100 {
			ch <- i
		}
		synctest.Wait()
		require.Len(t, got, 100)
		require.IsIncreasing(t, got)
		release := make(chan struct{})
		require.NoError(t, l.Post(func() { <-release }))
		ch <- 100 // is taken, and waits for the loop
		synctest.Wait()
		select {
		case ch <- 101:
			t.Error("a slow loop slows down whoever sends")
		default:
		}
		close(release)
		ch <- 101
		synctest.Wait()
		require.Equal(t, 101, got[len(got)-1])
		stop()
		stop()
		synctest.Wait()
		select {
		case ch <- 102:
			t.Error("taken after stop")
		default:
		}
	})
}

func TestFeedEndsWithItsChannelAndWithTheLoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := eventloop.New(eventloop.Config{OnPanic: func(error) {}})
		ch := make(chan int, 1)
		ch <- 1
		eventloop.Feed(l, ch, func(int) { panic("x") })
		eventloop.Feed(l, make(chan os.Signal), func(os.Signal) {})
		close(ch)
		require.NoError(t, l.Post(func() {}))
		require.NoError(t, l.Run(t.Context()), "Feed does not keep the loop")
		require.NoError(t, l.Close())
		eventloop.Feed(l, make(chan int), func(int) {}) // starts nothing
	})
}
