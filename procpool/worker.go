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
)

// worker is the pool's side of one process.
type worker struct {
	pool *Pool
	lane int
	out  sender

	// Guarded by the pool's lock.
	ready     bool // it has said hello
	ledger    bool // it keeps one
	width     int  // how many it runs at once
	exact     bool // its ledger says which calls have started
	ahead     bool // it may be given tasks in advance
	calls     map[uint64]*call
	made      map[uint64]*remote // calls of its tasks', by their numbers there
	window    int                // how many calls it may hold
	pace      time.Duration      // mean time of its last calls
	suspended int                // of its calls
	want      *call              // it would take what descends from this one
	bound     int                // how many names it knows
	completed uint64             // how many calls have returned
	mayTake   int                // how many more it may take; 0: no limit
	expires   time.Time          // zero: never
	busyAt    time.Time          // when it last had calls
	retiring  bool               // it takes no more calls
	left      bool               // it has been told to go
	beats     bool               // it keeps a heartbeat
	beat      uint64             // the last that was seen
	movedAt   time.Time          // when that was new
	heardAt   time.Time          // of a foreign worker: when its running call may have begun, at the earliest
	revoked   bool               // it has been asked for calls that have not started

	mu     sync.Mutex
	proc   *os.Process
	page   *os.File // its ledger
	reaped bool
	cause  error // why the pool killed it
	boot   *time.Timer

	turn     turn
	pipe     *os.File  // of whose turn it is
	errands  []errand  // likewise, reused
	ended    []outcome // likewise
	greeting greeting  // the pool's
	reader   frameReader
	broken   bool          // its frames made no sense
	closed   chan struct{} // the reader is done
	tail     tail
}

var errBootTimeout = errors.New("procpool: the worker said nothing within Config.BootTimeout")

// live is the goroutine that owns a worker's process, from its start to its burial.
func (w *worker) live() {
	defer w.pool.exited.Done()
	pipes, cmd, err := w.start()
	if err != nil {
		w.out.close()
		w.pool.bury(w, burial{startErr: err})
		return
	}
	w.pipe, w.reader.limit = pipes.out, maxHello
	var threads sync.WaitGroup
	threads.Go(func() { w.out.loop(pipes.in) })
	threads.Go(func() { w.read() })
	threads.Go(func() { w.capture(pipes.stdout, false) })
	threads.Go(func() { w.capture(pipes.stderr, true) })

	awaitExit(cmd.Process, w.closed)
	w.mu.Lock()
	killGroup(cmd.Process) // what it has started, and itself where only its pipe has ended
	w.reaped = true
	w.boot.Stop()
	w.mu.Unlock()
	err = cmd.Wait()
	w.out.close()
	pipes.expire()
	w.pool.in.Lock()
	w.turn.call()
	w.pool.in.Unlock()
	threads.Wait()
	w.pool.bury(w, burial{exit: err, code: cmd.ProcessState.ExitCode(), page: pipes.page})
	pipes.close()
}

// kill ends the worker and what it has started. The first cause is kept.
func (w *worker) kill(cause error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.cause == nil {
		w.cause = cause
	}
	if w.proc != nil && !w.reaped {
		killGroup(w.proc)
	}
}

// dismiss lets a worker without calls go.
func (w *worker) dismiss() {
	w.out.push(frame{typ: frameBye})
	w.out.close()
}

// start starts the process.
func (w *worker) start() (*pipes, *exec.Cmd, error) {
	p := w.pool
	nonce := newNonce()
	p.in.Lock()
	g, hello, err := p.hello(nonce)
	w.bound = len(g.Functions)
	p.in.Unlock()
	if err != nil {
		return nil, nil, err
	}
	w.greeting = g
	cmd, err := w.command()
	if err != nil {
		return nil, nil, err
	}
	ps, err := newPipes()
	if err != nil {
		return nil, nil, err
	}
	m := marker{nonce: nonce, depth: int(workerDepth.Load()) + 1}
	prepare(cmd, ps.far.in, ps.far.out, ps.leash.far, ps.page, &m)
	cmd.Stdout, cmd.Stderr = ps.far.stdout, ps.far.stderr
	if cmd.Env == nil {
		cmd.Env = os.Environ()
	}
	if hook := p.cfg.OnCommand; hook != nil {
		hook(cmd)
	}
	cmd.Env = append(cmd.Env[:len(cmd.Env):len(cmd.Env)], envMarker+"="+m.String())
	if err := cmd.Start(); err != nil {
		ps.close()
		return nil, nil, err
	}
	ps.closeFar()
	w.mu.Lock()
	w.proc, w.page = cmd.Process, ps.page
	w.boot = time.AfterFunc(p.cfg.BootTimeout, func() { w.kill(errBootTimeout) })
	cause := w.cause
	w.mu.Unlock()
	if err := ps.leash.arm(cmd.Process.Pid); err != nil {
		cause = fmt.Errorf("procpool: arming the leash: %w", err)
	}
	if cause != nil { // Close was faster
		w.kill(cause)
	}
	w.out.mu.Lock()
	w.out.file = ps.in
	w.out.mu.Unlock()
	w.out.first(frame{typ: frameHello, body: hello})
	return ps, cmd, nil
}

// command is what Config says, without descriptors.
func (w *worker) command() (*exec.Cmd, error) {
	cfg := &w.pool.cfg
	var cmd *exec.Cmd
	if cfg.Command != nil {
		cmd = exec.Command(cfg.Command[0], cfg.Command[1:]...)
	} else {
		path, err := executable()
		if err != nil {
			return nil, err
		}
		cmd = exec.Command(path)
		cmd.Args = []string{title()}
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
