package procpool

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"

	"github.com/quartet-go/quartet/procpool/internal/bulk"
	"github.com/quartet-go/quartet/procpool/internal/proc"
	"github.com/quartet-go/quartet/procpool/internal/wire"
)

// worker is the pool's side of one process.
type worker struct {
	pool *Pool
	lane int
	out  sender

	// Guarded by the pool's lock.
	life        life
	why         string // it is to end, for this cause: see retireLocked
	version     int    // of the program, as Reload counts
	program     *wire.Boot
	proof       error // why a new version did not come up
	started     time.Time
	ledger      bool         // it keeps one
	width       int          // how many it runs at once
	bulk        *bulk.Shared // through which large bodies travel; nil: they travel in frames
	exact       bool         // its ledger says which calls have started
	ahead       bool         // it may be given tasks in advance
	calls       map[uint64]*call
	made        map[uint64]*remote // calls of its tasks', by their numbers there
	window      int                // how many calls it may hold
	pace        time.Duration      // mean time of its last calls
	suspended   int                // of its calls
	want        *call              // it would take what descends from this one
	bound       int                // how many names it knows
	mayTake     int                // how many more it may take; 0: no limit
	expires     time.Time          // zero: never
	busyAt      time.Time          // when it last had calls
	last        spoken             // the call that ended last
	completed   uint64             // how many calls have ended there
	beats       bool               // it keeps a heartbeat
	beat        uint64             // the last that was seen
	movedAt     time.Time          // when that was new
	heardAt     time.Time          // when its running call may have begun, at the earliest
	revoked     bool               // it has been asked for calls that have not started
	asked       int                // how many it may still give back for that
	idleReturns int                // how often it gave back its only task, in a row
	madeBytes   int                // of the inputs in made
	refused     int                // how many calls of its tasks' were
	learned     int                // how many names of functions came from it first

	// mu guards the fields up to fuse: they belong to the process, which is started, killed and
	// reaped by goroutines that do not hold the pool's lock.
	mu     sync.Mutex
	proc   *os.Process
	page   *os.File // its ledger
	reaped bool
	cause  error       // why the pool killed it
	fuse   *time.Timer // kills it, unless it does in time what is due: its hello, its end

	turn     turn
	pipe     *os.File      // of whose turn it is
	errands  []errand      // likewise, reused
	ended    []outcome     // likewise
	greeting wire.Greeting // the pool's
	reader   wire.Reader
	broken   bool          // its frames made no sense
	closed   chan struct{} // the reader is done
	tail     tail
}

var errBootTimeout = errors.New("procpool: the worker said nothing within Config.BootTimeout")

// live is the goroutine that owns a worker's process, from its start to its burial.
func (w *worker) live() {
	defer w.pool.exited.Done()
	ends, cmd, err := w.start()
	if err != nil {
		w.out.close()
		w.pool.bury(w, burial{startErr: err})
		return
	}
	w.pipe, w.reader.Limit = ends.Out, wire.MaxHello
	var threads sync.WaitGroup
	threads.Go(func() {
		if w.out.loop(ends.In) != nil {
			w.light(hangUpTime, errHungUp)
		}
	})
	threads.Go(func() {
		w.read()
		w.light(hangUpTime, errHungUp)
	})
	threads.Go(func() { w.capture(ends.Stdout, false) })
	threads.Go(func() { w.capture(ends.Stderr, true) })

	proc.AwaitExit(cmd.Process, w.closed)
	w.mu.Lock()
	proc.KillGroup(cmd.Process) // what it has started, and itself where only its pipe has ended
	w.reaped = true
	if w.fuse != nil {
		w.fuse.Stop()
	}
	w.mu.Unlock()
	err = cmd.Wait()
	w.out.close()
	ends.Expire()
	w.pool.in.Lock()
	w.turn.onLocked(readerCalled)
	w.pool.in.Commit()
	threads.Wait()
	w.pool.bury(w, burial{exit: err, code: cmd.ProcessState.ExitCode(), page: ends.Page})
	w.bulk.Close()
	ends.Close()
	proc.ReapGroup(cmd.Process.Pid)
}

// kill ends the worker and its group. The first cause is kept.
func (w *worker) kill(cause error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.cause == nil {
		w.cause = cause
	}
	if w.proc != nil && !w.reaped {
		proc.KillGroup(w.proc)
	}
}

// hangUpTime is how long a worker may live whose pipe has ended: it is on its way out.
const hangUpTime = time.Second

var (
	errHungUp  = fmt.Errorf("%w: the worker has closed a pipe of the pool's and lives on", ErrProtocol)
	errLingers = errors.New("procpool: the worker was let go and did not end within Config.Grace")
)

// light has the worker killed after d, unless it has ended by then. A fuse that burns already goes
// on.
func (w *worker) light(d time.Duration, cause error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.fuse == nil && !w.reaped {
		w.fuse = time.AfterFunc(d, func() { w.kill(cause) })
	}
}

// quench puts the fuse out.
func (w *worker) quench() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.fuse != nil {
		w.fuse.Stop()
		w.fuse = nil
	}
}

// dismiss lets a worker without calls go.
func (w *worker) dismiss() {
	w.quench()
	w.light(w.pool.cfg.Grace, errLingers)
	w.out.push(wire.Frame{Type: wire.Bye})
	w.out.close()
}

// start starts the process.
func (w *worker) start() (*proc.Pipes, *exec.Cmd, error) {
	p := w.pool
	cmd, err := w.command()
	if err != nil {
		return nil, nil, err
	}
	ps, err := proc.NewPipes(wire.PageSize, wire.SharedEnd)
	if err != nil {
		return nil, nil, err
	}
	nonce := newNonce()
	p.in.Lock()
	g, hello, err := p.helloLocked(nonce, w.program, ps.Page != nil)
	w.bound = len(g.Functions)
	p.in.Commit()
	if err != nil {
		ps.Close()
		return nil, nil, err
	}
	w.greeting = g
	ps.Extra = p.cfg.extra
	m := wire.Marker{Nonce: nonce, Depth: int(workerDepth.Load()) + 1}
	m.In, m.Out, m.Page = ps.Attach(cmd)
	if cmd.Env == nil {
		cmd.Env = os.Environ()
	}
	if hook := p.cfg.OnCommand; hook != nil {
		hook(cmd)
		proc.SettleSession(cmd)
	}
	cmd.Env = append(cmd.Env[:len(cmd.Env):len(cmd.Env)], wire.EnvMarker+"="+m.String())
	if err := cmd.Start(); err != nil {
		ps.Close()
		return nil, nil, err
	}
	ps.CloseFar()
	w.mu.Lock()
	w.proc, w.page = cmd.Process, ps.Page
	if w.fuse == nil {
		w.fuse = time.AfterFunc(p.cfg.BootTimeout, func() { w.kill(errBootTimeout) })
	}
	cause := w.cause
	w.mu.Unlock()
	p.weaken(ps.Page != nil, ps.Arm(cmd.Process))
	if cause != nil { // Close was faster
		w.kill(cause)
	}
	w.out.open(ps.In, wire.Frame{Type: wire.Hello, Body: hello})
	return ps, cmd, nil
}

// command is what Config says, without descriptors.
func (w *worker) command() (*exec.Cmd, error) {
	cfg := &w.pool.cfg
	var cmd *exec.Cmd
	if cfg.Command != nil {
		cmd = exec.Command(cfg.Command[0], cfg.Command[1:]...)
	} else {
		path, err := proc.Executable()
		if err != nil {
			return nil, err
		}
		cmd = exec.Command(path)
		if proc.KnowsItself() { // else it looks for its file under its name
			cmd.Args[0] = title()
		}
		if isTest() {
			cmd.Args = append(cmd.Args, "-test.run=^$") // without TestMain the worker must not run the suite
		}
	}
	cmd.Env, cmd.Dir = cfg.Env, cfg.Dir
	return cmd, nil
}

func isTest() bool {
	name := strings.TrimSuffix(os.Args[0], ".exe")
	return flag.Lookup("test.run") != nil || strings.HasSuffix(name, ".test")
}
