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
	gone error // why nothing will be answered any more
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
	id, err := c.expect(done)
	if err != nil {
		done(err)
		return
	}
	line, err := json.Marshal(request{
		id, float64(r.Job.Turns+r.Job.Native) / float64(c.turns),
		float64(r.Job.Wait) / float64(time.Millisecond),
	})
	if err == nil {
		_, err = c.conn.Write(append(line, '\n'))
	}
	if err != nil {
		c.end(id, err)
	}
}

// expect has done called with the answer to a request of that number.
func (c *client) expect(done func(error)) (id int, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.gone != nil {
		return 0, c.gone
	}
	c.last++
	c.open[c.last] = done
	return c.last, nil
}

// answers reads until the connection ends, or sends something that is no answer.
func (c *client) answers() {
	gone := errGone
	for lines := bufio.NewScanner(c.conn); lines.Scan(); {
		id, err := strconv.Atoi(lines.Text())
		if err != nil {
			gone = fmt.Errorf("runtimes: an answer that is none: %q", lines.Text())
			break
		}
		c.end(id, nil)
	}
	c.mu.Lock()
	c.gone = gone
	left := c.open
	c.open = nil
	c.mu.Unlock()
	for _, done := range left {
		done(gone)
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

// close ends the connection. It returns why that had ended before, if it had.
func (c *client) close() error {
	c.mu.Lock()
	gone := c.gone
	c.mu.Unlock()
	_ = c.conn.Close()
	c.read.Wait()
	return gone
}
