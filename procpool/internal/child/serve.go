package child

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime"

	"github.com/quartet-go/quartet/internal/task"
	"github.com/quartet-go/quartet/procpool/internal/bulk"
	"github.com/quartet-go/quartet/procpool/internal/proc"
	"github.com/quartet-go/quartet/procpool/internal/wire"
)

// Serve is the life of a worker. It returns only when the pool's hello cannot be read.
func Serve(m wire.Marker) error {
	proc.OutliveSignals()
	in, out := proc.Inherit(m.In, "procpool in"), proc.Inherit(m.Out, "procpool out")
	pool, r, err := readHello(in)
	if err != nil {
		return err
	}
	width := max(pool.Concurrency, 1)
	s := &server{
		out: outlet{pipe: out, page: wire.PlainPage()}, codec: pool.Codec, limit: pool.MaxFrame, names: pool.Functions,
		width: width, tokens: width, calls: map[uint64]*outcall{},
		in: in, reader: r,
		callUp: make(chan struct{}, 1), watched: make(chan struct{}, 1), beats: make(chan struct{}, 1),
	}
	s.home.Open(s, nil, func(n *task.Node) any { return (*jobModel)(n.Job.(*job)) })
	s.away.Open(s, s, nil)
	runWorkerInit()
	s.name, s.around = pool.Name, workerHooks.around
	shared := false
	if m.Page != 0 {
		file := os.NewFile(m.Page, "procpool shared")
		if mem, err := proc.MapShared(file, 0, wire.PageSize); err == nil {
			s.out.page, shared = wire.Page{Mem: mem}, true
		}
		if pool.Bulk {
			s.inputs = bulk.Share(file)
			s.out.results = bulk.NewOutbox(s.inputs, wire.ResultsAt)
		}
	}
	body, err := json.Marshal(wire.Greeting{
		Magic: wire.Magic, Version: wire.Version, Nonce: m.Nonce, Codec: pool.Codec, Fingerprint: proc.Fingerprint(),
		PID: os.Getpid(), Runtime: runtime.Version(), Ledger: shared, Nested: true, Heartbeat: shared,
		Concurrency: pool.Concurrency,
		Bulk:        s.out.results != nil,
	})
	if err != nil {
		return err
	}
	s.out.put(wire.Frame{Type: wire.Hello, Body: body})
	s.out.flush()
	go s.watchLoop()
	go s.beatLoop()
	s.handleAll() // what came with the hello
	s.work()
	select {}
}

func readHello(in *os.File) (wire.Greeting, *wire.Reader, error) {
	r := &wire.Reader{Limit: wire.MaxHello}
	for {
		f, ok, err := r.Next()
		if err != nil {
			return wire.Greeting{}, nil, err
		}
		if ok {
			g, err := wire.ParseGreeting(f)
			if err == nil && g.Version != wire.Version {
				err = fmt.Errorf("%w: the pool speaks version %d of the protocol, this worker %d", wire.ErrMismatch,
					g.Version, wire.Version)
			}
			r.Limit = g.MaxFrame
			return g, r, err
		}
		n, err := in.Read(r.Room())
		if err != nil {
			proc.Orphaned()
		}
		r.Fed(n)
	}
}
