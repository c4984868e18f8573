// Soak has a loop serve clients of every bad kind for a long time, and sees whether anything is
// left of them: each connection that accept was given must get one OnClose, and heap, goroutines
// and descriptors must stay level. The clients are a process of their own.
//
//	cd internal/bench && go run ./soak [-for 10m] [-rate 1000]
package main

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"time"

	"github.com/quartet-go/quartet/eventloop"
)

func main() {
	length := flag.Duration("for", 10*time.Minute, "how long the clients come")
	rate := flag.Int("rate", 1000, "clients per second")
	clients := flag.String("clients", "", "be the clients of the servers at these ports: plain, TLS, flood")
	flag.Parse()
	if *clients != "" {
		beClients(*clients, *length, *rate)
		return
	}
	if err := soak(*length, *rate); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println("all is level, and each connection had one OnClose")
}

func soak(length time.Duration, rate int) error {
	loop := eventloop.New(eventloop.Config{Conn: eventloop.ConnConfig{
		IdleTimeout: 2 * time.Second, HandshakeTimeout: 2 * time.Second, CloseTimeout: time.Second,
	}})
	loop.Start()
	s, err := newServer(loop)
	if err != nil {
		return err
	}
	path, err := os.Executable()
	if err != nil {
		return err
	}
	cmd := exec.Command(path, "-clients", s.ports(), "-for", length.String(), "-rate", fmt.Sprint(rate))
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	in, err := cmd.StdinPipe() // the clients end with this process
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	exited := make(chan error, 1)
	go func() { exited <- cmd.Wait() }()
	interrupt := make(chan os.Signal, 1)
	signal.Notify(interrupt, os.Interrupt)
	var levels []level
	for tick := time.Tick(max(length/60, time.Second)); ; {
		select {
		case <-tick:
			levels = append(levels, s.level())
			fmt.Println(levels[len(levels)-1])
		case <-interrupt:
			_ = in.Close()
		case err := <-exited:
			return errors.Join(err, s.end(levels))
		}
	}
}

// end waits until the last connection has ended, and judges.
func (s *server) end(levels []level) error {
	for end := time.Now().Add(10 * time.Second); s.loop.Health().Conns > 0 && time.Now().Before(end); {
		time.Sleep(10 * time.Millisecond)
	}
	last := s.level()
	fmt.Println(last)
	var errs []error
	if last.accepted != last.closed || last.twice > 0 || last.conns > 0 {
		errs = append(errs,
			fmt.Errorf("accepted %d, OnClose %d, twice %d, left %d", last.accepted, last.closed, last.twice,
				last.conns))
	}
	if n := len(levels); n >= 8 {
		early, late := usual(levels[n/4:n/2]), usual(levels[3*n/4:])
		fmt.Printf("usual levels, second quarter and last:\n%v\n%v\n", early, late)
		if late.heap > early.heap*5/4+1<<20 || late.goroutines > early.goroutines*5/4+20 ||
			late.descriptors > early.descriptors*5/4+50 {
			errs = append(errs, errors.New("it grows"))
		}
	}
	for _, ln := range s.listeners {
		errs = append(errs, ln.Close())
	}
	return errors.Join(append(errs, s.loop.Close())...)
}

// usual are the medians: a moment at which the machine is busy leaves more connections open.
func usual(levels []level) (l level) {
	sorted := slices.Clone(levels)
	middle := len(sorted) / 2
	slices.SortFunc(sorted, func(a, b level) int { return cmp.Compare(a.heap, b.heap) })
	l.heap = sorted[middle].heap
	slices.SortFunc(sorted, func(a, b level) int { return cmp.Compare(a.goroutines, b.goroutines) })
	l.goroutines = sorted[middle].goroutines
	slices.SortFunc(sorted, func(a, b level) int { return cmp.Compare(a.descriptors, b.descriptors) })
	l.descriptors = sorted[middle].descriptors
	return l
}

// watchParent ends the process when its parent has closed its input.
func watchParent() {
	_, _ = io.Copy(io.Discard, os.Stdin)
	os.Exit(0)
}
