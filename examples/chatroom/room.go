//go:build !js

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/eventloop"
)

const (
	remembered = 20               // lines that a newcomer gets
	longest    = 2000             // bytes of a line
	behind     = 100              // lines that a page may be behind
	patience   = 10 * time.Second // for a page that takes nothing
)

// room is the chat's state. It has no mutex: it is touched on the loop alone.
type room struct {
	members map[member]bool
	last    []string
}

// member is whoever gets the lines.
type member interface {
	// send never waits: a member that does not keep up is thrown out, so that it holds nobody up.
	send(line string)
}

func (r *room) join(m member) {
	for _, line := range r.last {
		m.send(line)
	}
	r.members[m] = true
}

func (r *room) leave(m member) { delete(r.members, m) }

func (r *room) say(name, text string) {
	line := name + ": " + text
	r.last = append(r.last, line)
	r.last = r.last[max(0, len(r.last)-remembered):]
	for m := range r.members {
		m.send(line)
	}
}

// caller is a member on a connection: the first line that it sends is its name.
type caller struct{ *eventloop.Conn }

// send hands the line to the connection, which is ended when the other side reads too slowly.
func (c caller) send(line string) { _, _ = fmt.Fprintln(c, line) }

// accept is called on the loop for each connection, and so are its callbacks.
func (r *room) accept(conn *eventloop.Conn) {
	if tcp, ok := conn.NetConn().(*net.TCPConn); ok {
		_ = tcp.SetWriteBuffer(16 << 10) // so that little waits where the loop does not see it
	}
	var name string
	var got []byte
	c := caller{conn}
	conn.OnData(func(p []byte) {
		got = append(got, p...)
		for {
			line, rest, whole := bytes.Cut(got, []byte("\n"))
			if !whole {
				break
			}
			text := string(bytes.TrimSpace(line))
			got = rest
			if name == "" {
				name = text
				r.join(c)
				continue
			}
			r.say(name, text)
		}
		if len(got) > longest {
			conn.Abort()
		}
	})
	conn.OnClose(func(error) { r.leave(c) })
}

var errBehind = errors.New("chatroom: the page is too far behind")

// page is a member in a browser: its lines wait here until its task has sent them.
type page struct {
	lines  []string
	resume func()
}

// send keeps one line more than a page may be behind, and no others: next then ends the page, whose
// task may be waiting for its reader until then.
func (p *page) send(line string) {
	if len(p.lines) <= behind {
		p.lines = append(p.lines, line)
	}
	if p.resume != nil {
		p.resume()
	}
}

// next waits for lines, and takes them.
func (p *page) next(ctx context.Context) (lines []string, err error) {
	if len(p.lines) == 0 {
		if err := quartet.Suspend(ctx, func(resume func()) { p.resume = resume }); err != nil {
			return nil, err
		}
		p.resume = nil
	}
	if len(p.lines) > behind {
		return nil, errBehind
	}
	lines, p.lines = p.lines, nil
	return lines, nil
}
