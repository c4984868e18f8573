package natspool

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/internal/functions"
)

// Node runs the calls of pools of the same Name on an executor of this process. Make one with
// [Serve]. All methods may be called from any goroutine, but Shutdown and Close not from inside a
// call that runs on it.
type Node struct {
	// Set by Serve, and read-only from here to runs.
	cfg    NodeConfig
	shared Config
	names  names
	id     string
	nc     *nats.Conn
	ex     quartet.Executor
	own    *Pool // for the calls that functions on this node make; has the node's id, and hears the other nodes for it
	class  string
	runs   map[string]bool // functions
	out    *outbox
	starts starter

	subs   subscriptions
	status chan nats.Status
	quit   chan struct{}
	nudged chan struct{}
	exited sync.WaitGroup

	// mu guards the fields below. No call runs under it.
	mu    sync.Mutex
	phase phase
	// moveLocked takes a job out; drain waits for none to be left.
	jobs    map[key]*job // from delivery until dropped
	callers map[string]*caller
	pulls   pulls
	pace    time.Duration // mean run time of the last calls
	// Collected, and sent together by sendAcks.
	acks    []string        // where to say that granted calls need not be kept
	active  int             // jobs that take a slot, or will
	waiting int             // jobs that have been started and wait
	wakers  []chan struct{} // closed when the last job is gone
}

// phase of a node.
type phase uint8

// A node goes through these in order, and never back.
const (
	serving phase = iota
	draining
	closed
)

// Serve runs calls on ex, which stays the caller's: shut it down after the node. nc too: close it
// last. It returns once the node takes calls. ctx bounds the requests to the server until then, and
// nothing else. Errors are those of [New].
func Serve(ctx context.Context, nc *nats.Conn, ex quartet.Executor, cfg NodeConfig) (*Node, error) {
	switch {
	case ctx == nil:
		panic("natspool: Serve with a nil Context")
	case nc == nil:
		return nil, errors.New("natspool: Serve with a nil connection")
	case ex == nil:
		return nil, errors.New("natspool: Serve with a nil Executor")
	}
	cfg.setDefaults()
	if err := cfg.check(); err != nil {
		return nil, err
	}
	// The pool comes first: it makes the stream, checks the Config, and gives the node its id.
	own, err := newPool(ctx, nc, cfg.shared())
	if err != nil {
		return nil, err
	}
	n := &Node{
		cfg: cfg, shared: own.cfg, names: own.names, id: own.id, nc: nc, ex: ex, own: own,
		runs: make(map[string]bool), quit: make(chan struct{}),
		jobs: make(map[key]*job), callers: make(map[string]*caller),
	}
	for _, f := range cfg.functionNames() {
		n.runs[f] = true
	}
	n.class = classOf(slices.Collect(maps.Keys(n.runs)))
	n.out = newOutbox(nc, n.id)
	n.pulls = newPulls(cfg.Slots)
	n.starts.init(cfg.Slots)
	n.pace, n.nudged = firstPace, make(chan struct{}, 1)
	if err := ensureConsumer(ctx, own.js, &n.shared, n.names, n.class); err != nil {
		_ = own.Close()
		return nil, err
	}
	if err := n.listen(); err != nil {
		n.subs.drop()
		_ = own.Close()
		return nil, fmt.Errorf("natspool: %w", err)
	}
	n.status = nc.StatusChanged(nats.CONNECTED, nats.CLOSED)
	n.exited.Add(3)
	go n.care(n.quit)
	go n.post(n.quit)
	go n.startAll()
	n.sayBeat(false)
	n.pull()
	return n, nil
}

// functionNames are what the node says it runs. A function that is only declared here has its body
// elsewhere.
func (c *NodeConfig) functionNames() []string {
	if c.Functions != nil {
		return c.Functions
	}
	var names []string
	for name, f := range functions.All() {
		if f.HasBody() {
			names = append(names, name)
		}
	}
	return names
}

// listen subscribes before the first request for calls. Handlers of different subjects run beside
// each other. All of them call methods that take n.mu, on goroutines of the NATS client.
func (n *Node) listen() error {
	return n.subs.listen(n.nc, map[string]nats.MsgHandler{
		n.names.pulls(n.id, anyClass): func(m *nats.Msg) { n.pulled(anyClass, m) },
		n.names.pulls(n.id, n.class):  func(m *nats.Msg) { n.pulled(n.class, m) },
		n.names.node(n.id):            n.receive,
		n.names.callerBeat():          n.hear,
		n.names.hello():               func(*nats.Msg) { n.sayBeat(false) },
		n.names.claims(n.id):          n.claimed,
	})
}

// made returns n. It panics if Serve has not made it.
func (n *Node) made() *Node {
	if n == nil || n.nc == nil {
		panic("natspool: a Node that Serve has not made")
	}
	return n
}

func (n *Node) log() *slog.Logger { return n.own.in.Logger() }

// ID names the node: it is NodeInfo.ID and NodeLostError.Node.
func (n *Node) ID() string { return n.made().id }

// sayBeat tells all pools how this node is. Stats are asked for outside of the lock: the executor
// has a lock of its own.
func (n *Node) sayBeat(gone bool) {
	host, _ := os.Hostname()
	d := nodeDetails{Host: host, PID: os.Getpid(), Functions: slices.Sorted(maps.Keys(n.runs))}
	if s, ok := quartet.As[interface{ Stats() quartet.Stats }](n.ex); ok {
		d.Stats = s.Stats()
	}
	n.mu.Lock()
	d.Running, d.Waiting = n.active, n.waiting
	b := nodeBeat{id: n.id, class: n.class, slots: n.cfg.Slots, draining: n.phase != serving, gone: gone}
	n.mu.Unlock()
	_ = n.nc.Publish(n.names.nodeBeat(), b.append(nil, &d))
}

// Shutdown takes no new calls, and gives back the calls that it had fetched and not started. It
// waits until the others have ended and the pools have the results. While a call waits for calls
// that it made, and no other node is there to run them, the node goes on taking calls. When ctx
// ends first, it cancels the contexts of what runs, and returns ctx's cause without waiting
// further. At its nil return no goroutine or timer of the node is left.
func (n *Node) Shutdown(ctx context.Context) error {
	n.made()
	if ctx == nil {
		panic("natspool: Node.Shutdown with a nil Context")
	}
	if err := n.drain(ctx); err != nil {
		n.cancelAll(err)
		return err
	}
	n.leave()
	return nil
}

// Close does the same at once: it cancels what runs, with cause [quartet.ErrClosed], and waits
// until it has returned. The error is always nil.
func (n *Node) Close() error {
	n.made().cancelAll(quartet.ErrClosed)
	warning := time.AfterFunc(n.closeWarning(), n.warn)
	defer warning.Stop()
	_ = n.drain(context.Background())
	n.leave()
	return nil
}

func (n *Node) closeWarning() time.Duration {
	if n.cfg.CloseWarning > 0 {
		return n.cfg.CloseWarning
	}
	return 10 * time.Second
}

// warn is called once by Close. Unconfirmed jobs have ended; their pools have not said that they
// have the results.
func (n *Node) warn() {
	n.mu.Lock()
	active, waiting, jobs := n.active, n.waiting, len(n.jobs)
	n.mu.Unlock()
	n.log().Warn("natspool: Close still waits", "node", n.id, "running", active, "waiting", waiting, "unconfirmed",
		jobs-active-waiting)
}

// drain waits until no job is left, as far as ctx allows. Granted calls that have not started go
// back first, those that are asking when their pools answer. Then it waits for the last job to be
// dropped, which is when its pool has the result. It loops since a call that is waited for may
// submit another one to this node. Closed is entered in the section that finds no job, so that no
// call can arrive in between.
func (n *Node) drain(ctx context.Context) error {
	n.mu.Lock()
	n.phase = max(n.phase, draining)
	n.giveBackLocked()
	n.mu.Unlock()
	n.out.flush()
	n.sayBeat(false)
	n.pull()
	for {
		n.mu.Lock()
		if len(n.jobs) == 0 {
			n.phase = closed
			n.mu.Unlock()
			return nil
		}
		empty := make(chan struct{})
		n.wakers = append(n.wakers, empty)
		n.mu.Unlock()
		select {
		case <-empty:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// forgetLocked: a job is gone.
func (n *Node) forgetLocked(j *job) {
	if n.jobs[j.key] != j {
		return
	}
	delete(n.jobs, j.key)
	if len(n.jobs) == 0 {
		for _, empty := range n.wakers {
			close(empty)
		}
		n.wakers = nil
	}
}

// cancelAll cancels all jobs. Without the lock, as a cancellation runs callbacks of the functions.
// Jobs that are over have no use for it.
func (n *Node) cancelAll(cause error) {
	n.mu.Lock()
	n.phase = max(n.phase, draining)
	jobs := slices.Collect(maps.Values(n.jobs))
	n.mu.Unlock()
	for _, j := range jobs {
		j.cancel(cause)
	}
}

// leave takes the drained node out of NATS. It runs once; quit is nil after. The node's last beat
// comes after its subscriptions have ended, so that nothing can be delivered to it any more.
func (n *Node) leave() {
	n.mu.Lock()
	first := n.quit != nil
	quit := n.quit
	n.quit = nil
	n.mu.Unlock()
	if first {
		close(quit)
		n.starts.stop()
		n.nc.RemoveStatusListener(n.status)
		n.subs.drop()
		n.sayBeat(true)
		// Its functions have ended, so none of their calls is left.
		_ = n.own.Close()
	}
	n.exited.Wait()
}
