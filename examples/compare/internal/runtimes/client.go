package runtimes

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync"
	"time"

	"github.com/quartet-go/quartet/examples/compare/internal/load"
)

// errGone is the error of requests whose server has gone.
var errGone = errors.New("runtimes: the connection has ended")

// request is one as the servers read it; times are milliseconds.
type request struct {
	ID      int     `json:"id"`
	Compute float64 `json:"compute"`
	Wait    float64 `json:"wait"`
}

// client sends requests over one connection, and matches the answers.
type client struct {
	conn  net.Conn
	turns int // in a millisecond
	read  sync.WaitGroup

	mu   sync.Mutex
	last int
	open map[int]func(error)
}

func dial(port, turns int) (*client, error) {
	conn, err := net.Dial("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return nil, err
	}
	c := &client{conn: conn, turns: turns, open: make(map[int]func(error))}
	c.read.Go(c.answers)
	return c, nil
}

// serve is load.Server's.
func (c *client) serve(_ context.Context, r load.Request, done func(error)) {
	c.mu.Lock()
	c.last++
	id := c.last
	c.open[id] = done
	c.mu.Unlock()
	line, err := json.Marshal(request{id, float64(r.Job.Turns+r.Job.Native) / float64(c.turns), float64(r.Job.Wait) / float64(time.Millisecond)})
	if err == nil {
		_, err = c.conn.Write(append(line, '\n'))
	}
	if err != nil {
		c.end(id, err)
	}
}

// answers reads until the connection ends.
func (c *client) answers() {
	for lines := bufio.NewScanner(c.conn); lines.Scan(); {
		id, err := strconv.Atoi(lines.Text())
		if err != nil {
			err = fmt.Errorf("runtimes: an answer that is none: %q", lines.Text())
		}
		c.end(id, err)
	}
	c.mu.Lock()
	left := c.open
	c.open = make(map[int]func(error))
	c.mu.Unlock()
	for _, done := range left {
		done(errGone)
	}
}

func (c *client) end(id int, err error) {
	c.mu.Lock()
	done := c.open[id]
	delete(c.open, id)
	c.mu.Unlock()
	if done != nil {
		done(err)
	}
}

func (c *client) close() error {
	err := c.conn.Close()
	c.read.Wait()
	return err
}
