package workload

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"runtime/pprof"
	"time"

	"github.com/quartet-go/quartet/eventloop"
	"github.com/quartet-go/quartet/examples/compare/internal/load"
	"github.com/quartet-go/quartet/examples/compare/internal/model"
	"github.com/quartet-go/quartet/examples/compare/internal/verdict"
)

// pieces are what a long job of the chunking probe is cut into.
const pieces = 10

// chunking measures how many pieces of a job run before a request does that came with the first,
// for each way of queueing the next piece.
func chunking(p *Plan, out *Outcome) {
	for range p.Rounds {
		for _, way := range []string{"microtasks", "immediates"} {
			key := "mixed/" + way + "/share before a ping"
			out.Figures[key] = append(out.Figures[key], float64(piecesBefore(way))/pieces)
		}
	}
	out.Table.Remarks = append(out.Table.Remarks, fmt.Sprintf(
		"a job of %d pieces on the loop, a ping right behind it: queued as microtasks %.0f ran before the ping, as immediates %.0f",
		pieces, pieces*out.Figures["mixed/microtasks/share before a ping"].Median(),
		pieces*out.Figures["mixed/immediates/share before a ping"].Median()))
}

func piecesBefore(way string) int {
	loop := eventloop.New(eventloop.Config{})
	queue := loop.Microtask
	if way == "immediates" {
		queue = func(fn func()) { loop.Immediate(fn) }
	}
	ran, before := 0, make(chan int, 1)
	var piece func()
	piece = func() {
		if ran++; ran < pieces {
			queue(piece)
		}
	}
	_ = loop.Post(func() {
		_ = loop.Post(func() { before <- ran })
		piece()
	})
	_ = loop.Run(context.Background()) // until nothing is left to do
	return <-before
}

// connections are what the socket probe opens, at once.
const connections = 100

// sockets measures how many threads the program has more while many connections are open on a loop
// that answers them, and how many of their handlers run at once.
func sockets(p *Plan, out *Outcome) {
	p.Progress("wait: connections on a loop")
	before := pprof.Lookup("threadcreate").Count()
	answered, most, err := echo(connections)
	if err != nil {
		out.Table.Remarks = append(out.Table.Remarks, "no connections: "+err.Error())
		return
	}
	threads := pprof.Lookup("threadcreate").Count() - before
	out.Figures["wait/loop/threads per connection"] = verdict.Exactly(float64(threads) / connections)
	out.Table.Remarks = append(out.Table.Remarks, fmt.Sprintf(
		"%d connections on a loop, all open at once, %d answered: %d threads more, at most %d handlers at a time",
		connections, answered, threads, most))
}

// echo opens n connections to a loop that echoes, and has each answered while all are open.
func echo(n int) (answered, most int, err error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, 0, err
	}
	loop := eventloop.New(eventloop.Config{})
	loop.Start()
	defer func() { _ = loop.Close() }()
	inside := 0
	server, err := loop.Serve(ln, func(c *eventloop.Conn) {
		c.OnData(func(data []byte) {
			inside++
			most = max(most, inside)
			_, _ = c.Write(data)
			inside--
		})
	})
	if err != nil {
		return 0, 0, errors.Join(err, ln.Close())
	}
	defer func() { _ = server.Close() }()
	clients := make([]net.Conn, 0, n)
	defer func() {
		for _, c := range clients {
			_ = c.Close()
		}
	}()
	for range n {
		c, err := net.Dial("tcp", ln.Addr().String())
		if err != nil {
			return 0, 0, err
		}
		clients = append(clients, c)
	}
	for _, c := range clients {
		_ = c.SetDeadline(time.Now().Add(5 * time.Second))
		if _, err := c.Write([]byte("?")); err == nil {
			if _, err = io.ReadFull(c, make([]byte, 1)); err == nil {
				answered++
			}
		}
	}
	return answered, most, nil
}

// beside measures what crunch's claims need besides its table: a library that releases the lock,
// one thread alone, one process alone.
func beside(p *Plan, out *Outcome) {
	native := load.Burst(4, load.Ask{Heavy: true, Compute: CrunchWork / 10, Native: CrunchWork - CrunchWork/10})
	one := load.Burst(1, load.Ask{Heavy: true, Compute: CrunchWork})
	all := load.Burst(CrunchTasks, load.Ask{Heavy: true, Compute: CrunchWork})
	for _, probe := range []struct {
		name    string
		model   string
		workers int
		sc      load.Scenario
	}{
		{"crunch native", "inline", p.Cores, native},
		{"crunch native", "gil threads", p.Cores, native},
		{"crunch alone", "inline", p.Cores, one},
		{"crunch alone", "gil threads", p.Cores, one},
		{"crunch 1", "processes(k)", 1, all},
	} {
		m := model.Named(probe.model)
		key := probe.name + "/" + m.Name + "/wall"
		if len(out.Figures[key]) > 0 {
			continue // a row has measured it
		}
		for round := range p.Rounds {
			if p.Ctx.Err() != nil {
				return
			}
			p.Progress(probe.name + ": " + m.Name)
			p.look(round)
			s := p.Measure(m, load.Setup{Workers: probe.workers, Round: round}, probe.sc)
			out.Figures[key] = append(out.Figures[key], s.Wall.Seconds())
		}
	}
	speedup := func(a, b string) float64 {
		q, _ := out.Figures[a].Over(out.Figures[b])
		return q.Median()
	}
	out.Table.Remarks = append(out.Table.Remarks, fmt.Sprintf(
		"threads under the lock whose library releases it for 90 %% of their time: × %.2f; one such thread alone, without a library: × %.2f",
		speedup("crunch native/inline/wall", "crunch native/gil threads/wall"),
		speedup("crunch alone/inline/wall", "crunch alone/gil threads/wall")))
}
