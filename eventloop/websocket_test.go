//go:build !(js && wasm)

package eventloop_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet/eventloop"
)

// browser is a WebSocket client that sends just the frames that a test tells it.
type browser struct {
	t *testing.T
	net.Conn
	in *bufio.Reader
}

// webSocketServer gives each WebSocket to accept.
func webSocketServer(
	t *testing.T, cfg eventloop.Config, accept func(ws *eventloop.WebSocket),
) (l *eventloop.Loop, dial func() *browser) {
	l = started(t, cfg)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if ws, err := eventloop.Upgrade(l, w, r, eventloop.UpgradeConfig{Protocols: []string{"v2", "v1"}}); err == nil {
			accept(ws)
		}
	}))
	t.Cleanup(server.Close)
	return l, func() *browser {
		nc, err := net.Dial("tcp", server.Listener.Addr().String())
		require.NoError(t, err)
		t.Cleanup(func() { _ = nc.Close() })
		b := &browser{t, nc, bufio.NewReader(nc)}
		_, err = fmt.Fprintf(nc,
			"GET / HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n"+
				"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"+
				"Sec-WebSocket-Protocol: v1, v2\r\n\r\n")
		require.NoError(t, err)
		answer, err := http.ReadResponse(b.in, nil)
		require.NoError(t, err)
		require.Equal(t, http.StatusSwitchingProtocols, answer.StatusCode)
		require.Equal(t, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", answer.Header.Get("Sec-WebSocket-Accept"),
			"the example of RFC 6455")
		require.Equal(t, "v2", answer.Header.Get("Sec-WebSocket-Protocol"))
		return b
	}
}

// frame is a client's frame, as it goes over the wire.
func frame(first byte, payload string) []byte {
	mask := [4]byte{1, 2, 3, 250}
	p := []byte{first}
	switch n := len(payload); {
	case n < 126:
		p = append(p, 0x80|byte(n))
	case n < 1<<16:
		p = binary.BigEndian.AppendUint16(append(p, 0x80|126), uint16(n))
	default:
		p = binary.BigEndian.AppendUint64(append(p, 0x80|127), uint64(n))
	}
	p = append(p, mask[:]...)
	for i := range len(payload) {
		p = append(p, payload[i]^mask[i%4])
	}
	return p
}

func (b *browser) send(frames ...[]byte) {
	_, err := b.Write(bytes.Join(frames, nil))
	require.NoError(b.t, err)
}

// receive returns the server's next frame.
func (b *browser) receive() (first byte, payload string) {
	head := make([]byte, 2)
	_, err := io.ReadFull(b.in, head)
	require.NoError(b.t, err)
	n := uint64(head[1])
	switch n {
	case 126:
		var long uint16
		require.NoError(b.t, binary.Read(b.in, binary.BigEndian, &long))
		n = uint64(long)
	case 127:
		require.NoError(b.t, binary.Read(b.in, binary.BigEndian, &n))
	}
	p := make([]byte, n)
	_, err = io.ReadFull(b.in, p)
	require.NoError(b.t, err)
	return head[0], string(p)
}

func echoing(closed chan error) func(ws *eventloop.WebSocket) {
	return func(ws *eventloop.WebSocket) {
		ws.OnMessage(func(kind eventloop.MessageType, p []byte) { _ = ws.Write(kind, p) })
		ws.OnClose(func(err error) { closed <- err })
	}
}

func closeFrame(code uint16, reason string) string {
	return string(binary.BigEndian.AppendUint16(nil, code)) + reason
}

func TestWebSocketMessages(t *testing.T) {
	closed := make(chan error, 1)
	cfg := eventloop.Config{Conn: eventloop.ConnConfig{MaxMessage: 1 << 20, ReadBuffer: 1000}}
	l, dial := webSocketServer(t, cfg, echoing(closed))
	b := dial()
	for _, n := range []int{0, 1, 125, 126, 127, 65535, 65536, 1 << 20} {
		message := strings.Repeat("m", n)
		go b.send(frame(0x82, message))
		first, got := b.receive()
		require.Equal(t, byte(0x82), first)
		require.True(t, message == got)
	}
	b.send(frame(0x01, "in "), frame(0x89, "ping"), frame(0x00, "three "), frame(0x80, "parts ä"))
	first, got := b.receive()
	require.Equal(t, byte(0x8a), first, "a control frame may come between the parts")
	require.Equal(t, "ping", got)
	first, got = b.receive()
	require.Equal(t, byte(0x81), first)
	require.Equal(t, "in three parts ä", got)
	b.send(frame(0x88, closeFrame(1000, "bye")))
	first, got = b.receive()
	require.Equal(t, byte(0x88), first)
	require.Equal(t, closeFrame(1000, "bye"), got)
	_, err := b.in.ReadByte()
	require.ErrorIs(t, err, io.EOF)
	require.NoError(t, b.Close())
	require.NoError(t, <-closed)
	require.NoError(t, l.Shutdown(t.Context()))
}

// MaxMessage bounds the message, and not its frame: the head may arrive with all but the last
// bytes.
func TestWebSocketTakesTheLongestMessageInTwoReads(t *testing.T) {
	closed := make(chan error, 1)
	l, dial := webSocketServer(t, eventloop.Config{Conn: eventloop.ConnConfig{MaxMessage: 1000}}, echoing(closed))
	b := dial()
	message := strings.Repeat("m", 1000)
	whole := frame(0x82, message)
	b.send(whole[:1004])
	for range 200 { // turns, in which the loop asks for readable sockets more than once
		on(t, l, func() {})
	}
	b.send(whole[1004:])
	first, got := b.receive()
	require.Equal(t, byte(0x82), first)
	require.Equal(t, message, got)
}

func TestWebSocketRefusesWhatTheProtocolForbids(t *testing.T) {
	unmasked := []byte{0x81, 1, 'x'}
	for name, c := range map[string]struct {
		send []byte
		code uint16
	}{
		"not masked":             {unmasked, 1002},
		"reserved bit":           {frame(0xc1, "x"), 1002},
		"unknown opcode":         {frame(0x83, "x"), 1002},
		"unknown control opcode": {frame(0x8b, "x"), 1002},
		"long control frame":     {frame(0x89, strings.Repeat("x", 126)), 1002},
		"control frame in parts": {frame(0x09, "x"), 1002},
		"continues nothing":      {frame(0x80, "x"), 1002},
		"new message in another": {append(frame(0x01, "x"), frame(0x81, "y")...), 1002},
		"bad code":               {frame(0x88, closeFrame(1005, "")), 1002},
		"half a code":            {frame(0x88, "x"), 1002},
		"not UTF-8":              {frame(0x81, "\xff"), 1007},
		"too large":              {frame(0x82, strings.Repeat("x", 1001)), 1009},
		"too large in parts": {append(frame(0x02, strings.Repeat("x", 600)),
			frame(0x80, strings.Repeat("x", 600))...), 1009},
		"too large, and only the head": {
			[]byte{0x82, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4},
			1009,
		},
		"negative length": {
			[]byte{0x82, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4},
			1002,
		},
	} {
		t.Run(name, func(t *testing.T) {
			closed := make(chan error, 1)
			l, dial := webSocketServer(t, eventloop.Config{Conn: eventloop.ConnConfig{MaxMessage: 1000}},
				echoing(closed))
			b := dial()
			b.send(c.send)
			first, got := b.receive()
			require.Equal(t, byte(0x88), first)
			require.Equal(t, c.code, binary.BigEndian.Uint16([]byte(got)))
			// The client ends the connection. A server that closed at once, with data unread, would
			// reset it, and the client might never read the close frame.
			for range 3 {
				on(t, l, func() {})
				require.Equal(t, 1, l.Health().Conns)
				b.send([]byte("more"))
			}
			require.NoError(t, b.Close())
			err := <-closed
			if c.code == eventloop.CloseTooLarge {
				require.ErrorIs(t, err, eventloop.ErrTooLong)
				return
			}
			var closeErr *eventloop.CloseError
			require.ErrorAs(t, err, &closeErr)
			require.Equal(t, int(c.code), closeErr.Code)
		})
	}
}

func TestWebSocketEnds(t *testing.T) {
	t.Run("without a word", func(t *testing.T) {
		closed := make(chan error, 1)
		_, dial := webSocketServer(t, eventloop.Config{}, echoing(closed))
		require.NoError(t, dial().Close())
		require.ErrorIs(t, <-closed, io.ErrUnexpectedEOF)
	})
	t.Run("with a code", func(t *testing.T) {
		closed := make(chan error, 1)
		_, dial := webSocketServer(t, eventloop.Config{}, echoing(closed))
		b := dial()
		b.send(frame(0x88, closeFrame(3000, "why")))
		_, _ = b.receive()
		require.NoError(t, b.Close())
		require.Equal(t, &eventloop.CloseError{Code: 3000, Reason: "why"}, <-closed)
	})
	t.Run("by the server", func(t *testing.T) {
		closed := make(chan error, 1)
		_, dial := webSocketServer(t, eventloop.Config{}, func(ws *eventloop.WebSocket) {
			echoing(closed)(ws)
			_ = ws.Write(eventloop.Text, []byte("bye"))
			ws.Close(eventloop.CloseGoingAway, "restart")
			ws.Close(eventloop.CloseNormal, "the first one counts")
		})
		b := dial()
		_, got := b.receive()
		require.Equal(t, "bye", got)
		first, got := b.receive()
		require.Equal(t, byte(0x88), first)
		require.Equal(t, closeFrame(1001, "restart"), got)
		b.send(frame(0x88, closeFrame(1001, "")))
		_, err := b.in.ReadByte()
		require.ErrorIs(t, err, io.EOF)
		require.NoError(t, b.Close())
		require.NoError(t, <-closed)
	})
	t.Run("before OnClose is set", func(t *testing.T) {
		sockets := make(chan *eventloop.WebSocket, 1)
		l, dial := webSocketServer(t, eventloop.Config{}, func(ws *eventloop.WebSocket) { sockets <- ws })
		require.NoError(t, dial().Close())
		ws := <-sockets
		ws.Conn().Abort()
		on(t, l, func() {})
		on(t, l, func() {})
		closed := make(chan error, 2)
		ws.OnClose(func(err error) { closed <- err })
		require.Error(t, <-closed)
		ws.OnClose(func(err error) { closed <- err })
		on(t, l, func() {})
		on(t, l, func() {})
		require.Empty(t, closed)
	})
}

func TestUpgradeRefuses(t *testing.T) {
	l := started(t, eventloop.Config{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, err := eventloop.Upgrade(l, w, r, eventloop.UpgradeConfig{Origins: []string{"friend.example"}})
		if err == nil {
			t.Error("taken")
		}
	}))
	defer server.Close()
	for name, c := range map[string]struct {
		change func(h http.Header)
		status int
	}{
		"plain request":    {func(h http.Header) { h.Del("Upgrade") }, http.StatusUpgradeRequired},
		"old version":      {func(h http.Header) { h.Set("Sec-WebSocket-Version", "8") }, http.StatusUpgradeRequired},
		"bad key":          {func(h http.Header) { h.Set("Sec-WebSocket-Key", "x") }, http.StatusBadRequest},
		"another page":     {func(h http.Header) { h.Set("Origin", "https://evil.example") }, http.StatusForbidden},
		"another's scheme": {func(h http.Header) { h.Set("Origin", "null") }, http.StatusForbidden},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := http.NewRequest(http.MethodGet, server.URL, nil)
			require.NoError(t, err)
			r.Header.Set("Connection", "Upgrade")
			r.Header.Set("Upgrade", "websocket")
			r.Header.Set("Sec-WebSocket-Version", "13")
			r.Header.Set("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")
			c.change(r.Header)
			answer, err := http.DefaultClient.Do(r)
			require.NoError(t, err)
			require.NoError(t, answer.Body.Close())
			require.Equal(t, c.status, answer.StatusCode)
		})
	}
	http.DefaultClient.CloseIdleConnections()
}

// No bytes of a client crash the server or are taken twice: it answers, closes or waits.
func FuzzWebSocket(f *testing.F) {
	f.Add(frame(0x81, "hello"), 3)
	f.Add(append(frame(0x01, "a"), frame(0x80, "b")...), 1)
	f.Add(frame(0x88, closeFrame(1000, "")), 2)
	f.Fuzz(func(t *testing.T, sent []byte, piece int) {
		here, there := net.Pipe()
		l := eventloop.New(eventloop.Config{Conn: eventloop.ConnConfig{ReadBuffer: 1 + piece&0xff, MaxMessage: 1000}})
		c, err := l.Attach(there)
		require.NoError(t, err)
		ws := eventloop.NewWebSocketForTest(c, nil)
		total := 0
		ws.OnMessage(func(_ eventloop.MessageType, p []byte) { total += len(p) })
		closed := 0
		ws.OnClose(func(error) { closed++ })
		go func() { _, _ = io.Copy(io.Discard, here) }()
		go func() { _, _ = here.Write(sent); _ = here.Close() }()
		// less than CloseTimeout, which is for those who hang
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		require.NoError(t, l.Run(ctx))
		require.Equal(t, 1, closed)
		require.LessOrEqual(t, total, len(sent))
	})
}
