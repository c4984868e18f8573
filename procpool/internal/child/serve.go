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

// Serve is the life of a worker. It returns only when the pool's hello cannot be read. It runs on
// the main goroutine, called by procpool.Init: package initialisers have run, and main has not. The
// worker takes part in the work with this goroutine too.
func Serve(m wire.Marker) error {
	// First of all: a SIGTERM for the group may come at any moment.
	proc.OutliveSignals()
	in, out := proc.Inherit(m.In, "procpool in"), proc.Inherit(m.Out, "procpool out")
	pool, r, err := readHello(in)
	if err != nil {
		return err
	}
	// The page is plain memory until the ledger is mapped below; nothing is put there before. The
	// channels hold one each: their senders hold server.mu and must not block.
	width := max(pool.Concurrency, 1)
	s := &server{
		out: outlet{pipe: out, page: wire.PlainPage()}, codec: pool.Codec, limit: pool.MaxFrame, names: pool.Functions,
		width: width, tokens: width, calls: map[uint64]*outcall{},
		in: in, reader: r,
		callUp: make(chan struct{}, 1), watched: make(chan struct{}, 1), beats: make(chan struct{}, 1),
	}
	// Jobs end by this server's hand, and have a model of their own. Calls run elsewhere: s is
	// their host too, so that Cancelled is called.
	s.home.Open(s, nil, func(n *task.Node) any { return (*jobModel)(n.Job.(*job)) })
	s.away.Open(s, s, nil)
	// It comes before the ledger is mapped and before the hello, so nothing that fails here looks
	// like a crash of a call.
	runWorkerInit()
	s.name, s.around = pool.Name, aroundCalls()
	shared := false
	if m.Page != 0 {
		file := os.NewFile(m.Page, "procpool shared")
		// Without a ledger the worker says so, and the pool then sends one task at a time.
		if mem, err := proc.MapShared(file, 0, wire.PageSize); err == nil {
			s.out.page, shared = wire.Page{Mem: mem}, true
		}
		if pool.Bulk {
			s.inputs = bulk.Share(file)
			s.out.results = bulk.NewOutbox(s.inputs, wire.ResultsAt)
		}
	}
	// Nonce, codec and fingerprint are compared by the pool (Greeting.Check). Concurrency is the
	// pool's own: this worker can do any.
	body, err := json.Marshal(wire.Greeting{
		Magic: wire.Magic, Version: wire.Version, Nonce: m.Nonce, Codec: pool.Codec, Fingerprint: proc.Fingerprint(),
		PID: os.Getpid(), Runtime: runtime.Version(), Ledger: shared, Nested: true, Heartbeat: shared,
		Concurrency: pool.Concurrency,
		Bulk:        s.out.results != nil,
	})
	if err != nil {
		return err
	}
	// The hello is the first frame in the pipe, whatever hooks have done: from here on the pool may
	// send tasks.
	s.out.put(wire.Frame{Type: wire.Hello, Body: body})
	s.out.flush()
	go s.watchLoop()
	go s.beatLoop()
	// No other goroutine works yet, so it may use the reader without being of the crew.
	s.handleAll() // what came with the hello
	s.work()
	// This goroutine came when both places of the crew were taken. It must not return: main would
	// run. Others are in a system call or run tasks, so the runtime sees no deadlock.
	select {}
}

// readHello reads up to the pool's hello, within MaxHello. The reader that it returns may hold
// frames behind it, so it is used on, with the pool's own limit. At the end of the pipe the pool is
// gone, and the process ends here. It does not check the nonce: the pool does, and both came by its
// hand.
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
