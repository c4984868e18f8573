package procpool

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
)

// envMarker makes a started process a worker: protocol version, nonce, depth, and where the pipes are. Init takes it
// out of the environment, so that what a worker starts is no worker.
const envMarker = "QUARTET_PROCPOOL_WORKER"

// Exit codes of a worker that cannot work.
const (
	exitNoInit   = 121 // New was called before Init
	exitProtocol = 122
	exitInit     = 123 // a function of WorkerInit failed
)

var (
	initDone    atomic.Bool
	workerDepth atomic.Int32 // 0: not a worker
)

// Init makes a process that a pool has started its worker: it runs calls until the pool is done with it, and exits. In
// every other process it returns at once. It must be the first line of main, and of TestMain, before anything that a
// worker should not do: flags, servers, goroutines. All package initialisers run in each worker; see [IsWorker]. A worker
// does not get the program's arguments.
func Init() {
	marker, ok := os.LookupEnv(envMarker)
	initDone.Store(true)
	fingerprint()
	if !ok {
		return
	}
	_ = os.Unsetenv(envMarker)
	m, err := parseMarker(marker)
	if err == nil {
		err = serveAs(m)
	}
	fmt.Fprintln(os.Stderr, "procpool: worker:", err)
	os.Exit(exitProtocol)
}

// IsWorker reports whether this process is, or is about to become, the worker of a pool: a package initialiser can skip
// what only the parent needs.
func IsWorker() bool {
	_, marked := os.LookupEnv(envMarker)
	return marked || workerDepth.Load() > 0
}

// refuseUnadopted ends a process that a pool has started as its worker, and that does not call Init: else each would
// start workers of its own.
func refuseUnadopted() {
	if _, marked := os.LookupEnv(envMarker); marked {
		fmt.Fprintln(os.Stderr, ErrNoInit)
		os.Exit(exitNoInit)
	}
}

// marker is the value of envMarker.
type marker struct {
	nonce   string
	depth   int
	in, out uintptr // descriptors, or handles
	page    uintptr // 0: none
}

func (m marker) String() string {
	return fmt.Sprintf("%d:%s:%d:%d:%d:%d", version, m.nonce, m.depth, m.in, m.out, m.page)
}

func parseMarker(s string) (m marker, err error) {
	parts := strings.Split(s, ":")
	if len(parts) != 6 || parts[0] != strconv.Itoa(version) {
		return m, fmt.Errorf("%w: %s=%q is not of version %d", ErrMismatch, envMarker, s, version)
	}
	var numbers [4]uint64
	for i := range numbers {
		if numbers[i], err = strconv.ParseUint(parts[2+i], 10, 32); err != nil {
			return m, fmt.Errorf("%w: %s=%q", ErrMismatch, envMarker, s)
		}
	}
	return marker{parts[1], int(numbers[0]), uintptr(numbers[1]), uintptr(numbers[2]), uintptr(numbers[3])}, nil
}

// serveAs is the life of a worker. It returns only when the pool's hello cannot be read.
func serveAs(m marker) error {
	workerDepth.Store(int32(m.depth))
	in, out := inherit(m.in, "procpool in"), inherit(m.out, "procpool out")
	pool, r, err := readHello(in)
	if err != nil {
		return err
	}
	width := max(pool.Concurrency, 1)
	s := &server{
		out: outlet{file: out, page: plainPage()}, codec: pool.Codec, limit: pool.MaxFrame, names: pool.Functions,
		width: width, tokens: width, calls: map[uint64]*outcall{},
		hand: make(chan struct{}, 1), in: in, reader: r, watched: make(chan struct{}, 1), beats: make(chan struct{}, 1),
	}
	runWorkerInit()
	shared := false
	if m.page != 0 {
		if p, err := mapPage(m.page); err == nil {
			s.out.page, shared = p, true
		}
	}
	body, err := json.Marshal(greeting{
		Magic: magic, Version: version, Nonce: m.nonce, Codec: pool.Codec, Fingerprint: fingerprint(),
		PID: os.Getpid(), Runtime: runtime.Version(), Ledger: shared, Nested: true, Heartbeat: shared, Concurrency: pool.Concurrency,
	})
	if err != nil {
		return err
	}
	s.out.put(frame{typ: frameHello, body: body})
	s.out.flush()
	go s.watchLoop()
	go s.beatLoop()
	s.handleAll() // what came with the hello
	s.work()
	select {}
}

// maxHello bounds the body of a HELLO.
const maxHello = 16 << 20

func readHello(in *os.File) (greeting, *frameReader, error) {
	r := &frameReader{limit: maxHello}
	for {
		f, ok, err := r.next()
		if err != nil {
			return greeting{}, nil, err
		}
		if ok {
			g, err := parseGreeting(f)
			if err == nil && g.Version != version {
				err = fmt.Errorf("%w: the pool speaks version %d of the protocol, this worker %d", ErrMismatch, g.Version, version)
			}
			r.limit = g.MaxFrame
			return g, r, err
		}
		n, err := in.Read(r.room())
		if err != nil {
			orphaned()
		}
		r.fed(n)
	}
}

// title is a worker's argv[0].
func title() string {
	return filepath.Base(os.Args[0]) + " [procpool worker]"
}
