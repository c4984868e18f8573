// Package natsembed runs a NATS server with JetStream in this process: for one machine, and for
// tests. It alone of package natspool's module links the server; programs that use a server of
// their own need not import it.
//
//	srv, nc, err := natsembed.Start(natsembed.Config{Addr: "127.0.0.1:4222", Dir: dir})
//
// The server writes its files without waiting for the disk, as NATS does by default. They survive
// the process, and may lack the last moments when the machine loses its power. A service that must
// not stop when one machine does needs three servers, and those are better run by themselves: see
// Replicas in package natspool.
package natsembed

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

// Config is the configuration of a server. The zero value is useful.
type Config struct {
	// Addr is the address at which other processes reach the server: "host:port", port 0 for a free
	// one. There is no password: use an address of this machine alone. Default: nowhere; only
	// connections of this process.
	Addr string
	// Dir is the directory of file storage. Default: a temporary directory, which Close removes.
	Dir string
	// MaxPayload is the largest message, in bytes. Larger values go through the object store.
	// Default: 8 MiB, the most that NATS recommends.
	MaxPayload int32
	// Options may change the server's other options: clusters, users, TLS, limits. Default: none.
	Options func(*server.Options)
}

// Server is a running server.
type Server struct {
	srv  *server.Server
	nc   *nats.Conn
	temp string
	once sync.Once
}

const (
	readyTime  = 10 * time.Second
	maxPayload = 8 << 20
)

// Start starts a server and connects to it. The connection lasts as long as the server: Close
// closes both.
func Start(cfg Config) (*Server, *nats.Conn, error) {
	opts := &server.Options{
		JetStream: true, StoreDir: cfg.Dir, MaxPayload: maxPayload, NoLog: true, NoSigs: true,
		DontListen: cfg.Addr == "",
	}
	if cfg.MaxPayload > 0 {
		opts.MaxPayload = cfg.MaxPayload
	}
	opts.MaxPending = max(server.MAX_PENDING_SIZE, 2*int64(opts.MaxPayload))
	if cfg.Addr != "" {
		if err := listen(opts, cfg.Addr); err != nil {
			return nil, nil, err
		}
	}
	s := &Server{}
	if cfg.Dir == "" {
		dir, err := os.MkdirTemp("", "natsembed")
		if err != nil {
			return nil, nil, fmt.Errorf("natsembed: %w", err)
		}
		s.temp, opts.StoreDir = dir, dir
	}
	if cfg.Options != nil {
		cfg.Options(opts)
	}
	if err := s.start(opts); err != nil {
		s.Close()
		return nil, nil, fmt.Errorf("natsembed: %w", err)
	}
	return s, s.nc, nil
}

func listen(opts *server.Options, addr string) error {
	host, port, err := net.SplitHostPort(addr)
	if err == nil {
		opts.Host = host
		opts.Port, err = strconv.Atoi(port)
	}
	if err != nil {
		return fmt.Errorf("natsembed: Config.Addr: %w", err)
	}
	if opts.Port == 0 {
		opts.Port = server.RANDOM_PORT
	}
	return nil
}

func (s *Server) start(opts *server.Options) (err error) {
	if s.srv, err = server.NewServer(opts); err != nil {
		return err
	}
	s.srv.Start()
	if !s.srv.ReadyForConnections(readyTime) {
		return errors.New("the server does not come up: is its address or its directory in use?")
	}
	s.nc, err = nats.Connect("", nats.InProcessServer(s.srv), nats.MaxReconnects(-1))
	return err
}

// URL is where other processes connect to; "" without Config.Addr.
func (s *Server) URL() string {
	if s.srv.Addr() == nil {
		return ""
	}
	return "nats://" + s.srv.Addr().String()
}

// Close closes the connection and the server, and waits until the server is gone. Files in
// Config.Dir stay. It may be called more than once.
func (s *Server) Close() {
	s.once.Do(func() {
		if s.nc != nil {
			s.nc.Close()
		}
		if s.srv != nil {
			s.srv.Shutdown()
			s.srv.WaitForShutdown()
		}
		if s.temp != "" {
			_ = os.RemoveAll(s.temp)
		}
	})
}
