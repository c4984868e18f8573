package main

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/coder/websocket"

	loops "github.com/quartet-go/quartet/eventloop"
)

// A thousand clients of another library's make, each with messages of several sizes, and a room
// that all of them are in.
func TestWebSocketsOfAnotherLibrary(t *testing.T) {
	const clients = 1000
	loop := loops.New(loops.Config{Conn: loops.ConnConfig{MaxMessage: 1 << 20}})
	loop.Start()
	room, left, all := map[*loops.WebSocket]bool{}, 0, make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ws, err := loops.Upgrade(loop, w, r, loops.UpgradeConfig{})
		if err != nil {
			t.Error(err)
			return
		}
		_ = loop.Post(func() {
			room[ws] = true
			ws.OnMessage(func(kind loops.MessageType, p []byte) { _ = ws.Write(kind, p) })
			ws.OnClose(func(err error) {
				if err != nil {
					t.Error(err)
				}
				delete(room, ws)
				if left++; left == clients {
					close(all)
				}
			})
			if len(room) == clients {
				for member := range room {
					_ = member.Write(loops.Text, []byte("all are here"))
				}
			}
		})
	}))
	defer server.Close()
	ctx := t.Context()
	sockets := make([]*websocket.Conn, clients)
	for i := range sockets {
		c, _, err := websocket.Dial(ctx, "ws"+strings.TrimPrefix(server.URL, "http"), nil)
		if err != nil {
			t.Fatal(err)
		}
		c.SetReadLimit(1 << 20)
		sockets[i] = c
	}
	t.Log("goroutines with 1,000 clients:", runtime.NumGoroutine())
	var done sync.WaitGroup
	for i, c := range sockets {
		done.Go(func() {
			if err := talk(ctx, c, i); err != nil {
				t.Error(err)
			}
		})
	}
	done.Wait()
	<-all
	if err := loop.Shutdown(ctx); err != nil {
		t.Error(err)
	}
}

func talk(ctx context.Context, c *websocket.Conn, i int) error {
	if _, p, err := c.Read(ctx); err != nil || string(p) != "all are here" {
		return err
	}
	for _, size := range []int{0, 125, 126, 10_000, 70_000} {
		message := bytes.Repeat([]byte{byte(i)}, size)
		if err := c.Write(ctx, websocket.MessageBinary, message); err != nil {
			return err
		}
		kind, got, err := c.Read(ctx)
		if err != nil {
			return err
		}
		if kind != websocket.MessageBinary || !bytes.Equal(got, message) {
			return context.DeadlineExceeded
		}
	}
	return c.Close(websocket.StatusNormalClosure, "")
}
