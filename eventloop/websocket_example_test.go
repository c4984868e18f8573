//go:build !(js && wasm)

package eventloop_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/quartet-go/quartet/eventloop"
)

// A room whose members get each message. The map needs no mutex: only the loop touches it. A member
// that reads too slowly misses messages, and holds up nobody.
func ExampleUpgrade() {
	loop := eventloop.New(eventloop.Config{Conn: eventloop.ConnConfig{SlowReader: eventloop.SlowDrop}})
	loop.Start()
	defer func() { _ = loop.Close() }()
	room := map[*eventloop.WebSocket]bool{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ws, err := eventloop.Upgrade(loop, w, r, eventloop.UpgradeConfig{})
		if err != nil {
			return // it has been answered
		}
		_ = loop.Post(func() {
			room[ws] = true
			ws.OnMessage(func(kind eventloop.MessageType, p []byte) {
				for member := range room {
					_ = member.Write(kind, p)
				}
			})
			ws.OnClose(func(error) { delete(room, ws) })
		})
	}))
	defer server.Close()

	// A browser does all of this in new WebSocket(…) and send("hi").
	member, _ := net.Dial("tcp", server.Listener.Addr().String())
	defer func() { _ = member.Close() }()
	_, _ = io.WriteString(member, "GET /chat HTTP/1.1\r\nHost: example.org\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
	_, _ = io.WriteString(member, "\x81\x82\x00\x00\x00\x00hi") // a text of 2 bytes, with a mask of zeros
	read := bufio.NewReader(member)
	status, _ := read.ReadString('\n')
	fmt.Println(strings.TrimSpace(status))
	for line := status; line != "\r\n"; {
		line, _ = read.ReadString('\n')
	}
	message := make([]byte, 4)
	_, _ = io.ReadFull(read, message)
	fmt.Printf("%q\n", message)
	// Output:
	// HTTP/1.1 101 Switching Protocols
	// "\x81\x02hi"
}
