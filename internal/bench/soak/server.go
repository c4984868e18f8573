package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/quartet-go/quartet/eventloop"
)

// server echoes, plain and over TLS, and floods.
type server struct {
	loop      *eventloop.Loop
	listeners []*eventloop.Listener
	begin     time.Time

	accepted, closed, twice, failed atomic.Int64
}

// level is where the process stands.
type level struct {
	at                              time.Duration
	heap                            uint64
	goroutines, descriptors, conns  int
	accepted, closed, twice, failed int64
}

func (l level) String() string {
	return fmt.Sprintf("%6s  heap %5.1f MiB  goroutines %4d  descriptors %4d  connections %4d  accepted %d  OnClose %d  with an error %d",
		l.at.Round(time.Second), float64(l.heap)/(1<<20), l.goroutines, l.descriptors, l.conns, l.accepted, l.closed,
		l.failed)
}

func newServer(loop *eventloop.Loop) (*server, error) {
	s := &server{loop: loop, begin: time.Now()}
	cert, err := selfSigned()
	if err != nil {
		return nil, err
	}
	for i, accept := range []func(*eventloop.Conn){s.echo, s.echo, s.flood} {
		ln, err := net.Listen("tcp", ":0")
		if err != nil {
			return nil, err
		}
		if i == 1 {
			ln = tls.NewListener(ln, &tls.Config{Certificates: []tls.Certificate{cert}})
		}
		l, err := loop.Serve(ln, func(c *eventloop.Conn) {
			s.count(c)
			accept(c)
		})
		if err != nil {
			return nil, err
		}
		s.listeners = append(s.listeners, l)
	}
	return s, nil
}

func (s *server) ports() string {
	port := func(i int) int { return s.listeners[i].Addr().(*net.TCPAddr).Port }
	return fmt.Sprintf("%d,%d,%d", port(0), port(1), port(2))
}

func (s *server) count(c *eventloop.Conn) {
	s.accepted.Add(1)
	told := false
	c.OnClose(func(err error) {
		if told {
			s.twice.Add(1)
		}
		told = true
		s.closed.Add(1)
		if err != nil {
			s.failed.Add(1)
		}
	})
}

func (s *server) echo(c *eventloop.Conn) { c.OnData(func(p []byte) { _, _ = c.Write(p) }) }

// flood sends without end, to clients that may not read.
func (s *server) flood(c *eventloop.Conn) {
	c.Configure(eventloop.ConnConfig{
		SlowReader: eventloop.SlowClose, IdleTimeout: 2 * time.Second,
		CloseTimeout: time.Second,
	})
	piece := make([]byte, 32<<10)
	var more func()
	more = func() {
		if _, err := c.Write(piece); err != nil {
			if errors.Is(err, net.ErrClosed) {
				return
			}
			c.Abort()
			return
		}
		s.loop.AfterFunc(10*time.Millisecond, more)
	}
	more()
}

func (s *server) level() level {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	l := level{
		at: time.Since(s.begin), heap: m.HeapAlloc, goroutines: runtime.NumGoroutine(),
		conns: s.loop.Health().Conns,
	}
	if entries, err := os.ReadDir("/proc/self/fd"); err == nil {
		l.descriptors = len(entries)
	}
	l.closed, l.accepted, l.twice, l.failed = s.closed.Load(), s.accepted.Load(), s.twice.Load(), s.failed.Load()
	return l
}

func selfSigned() (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(24 * time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, err
}
