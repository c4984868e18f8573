package procpool

import (
	"encoding/json"
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

// worker is the pool's side of one process. Its goroutines are live, which owns the process; read
// and out.loop, which have a pipe each; and two of capture. All others use it under the pool's
// lock. Locks are taken in this order: the pool's, then mu or the sender's. Others may still hold a
// worker that is dead. kill, push and see do no harm then: the number of the process is not used
// any more, the sender drops frames, and the ledger is gone.
type worker struct {
	pool *Pool
	lane int
	out  sender

	// Guarded by the pool's lock. Only toLocked changes life.
	life life
	why  string // it is to end, for this cause: see retireLocked
	// version and program are set before the process starts. bootFailedLocked sets proof, which
	// Reload reads when the worker is buried.
	version int // of the program, as Reload counts
	program *wire.Boot
	proof   error // why a new version did not come up
	started time.Time
	// welcomeLocked sets the fields up to ahead by the worker's hello; from then on they are fixed.
	// exact needs a ledger and a width of 1: the ledger names one running task. fetch reads bulk
	// without the lock, on the goroutine whose turn it is to read.
	ledger bool         // it keeps one
	width  int          // how many it runs at once
	bulk   *bulk.Shared // through which large bodies travel; nil: they travel in frames
	exact  bool         // its ledger says which calls have started
	ahead  bool         // it may be given tasks in advance
	// calls holds a call from assignLocked to removeLocked, whether or not it has started. made
	// holds one from its CALL until Resolve, which sends REPLY.
	calls map[uint64]*call
	made  map[uint64]*remote // calls of its tasks', by their numbers there
	// adaptLocked sets window and pace by the run times in RESULTs. suspended is how many of calls
	// have that stage.
	window    int           // how many calls it may hold
	pace      time.Duration // mean time of its last calls
	suspended int           // of its calls
	want      *call         // it would take what descends from this one
	// The numbers below bound have been told, by the hello and by BIND: see assignLocked.
	bound int // how many names it knows
	// For care.go, which limits workers, and capture.go, which says to whom a line belongs.
	mayTake   int       // how many more it may take; 0: no limit
	expires   time.Time // zero: never
	busyAt    time.Time // when it last had calls
	last      spoken    // the call that ended last
	completed uint64    // how many calls have ended there
	beats     bool      // it keeps a heartbeat
	beat      uint64    // the last that was seen
	movedAt   time.Time // when that was new
	heardAt   time.Time // when its running call may have begun, at the earliest
	// Counters for the bounds on what a worker may do: see returnedLocked and calledLocked.
	revoked     bool // it has been asked for calls that have not started
	asked       int  // how many it may still give back for that
	idleReturns int  // how often it gave back its only task, in a row
	madeBytes   int  // of the inputs in made
	refused     int  // how many calls of its tasks' were
	learned     int  // how many names of functions came from it first

	// mu guards the fields up to exit: they belong to the process, which is started, killed and
	// reaped by goroutines that do not hold the pool's lock. A process is killed only under mu
	// while reaped is false, so never by a number that the system has given to another one.
	mu     sync.Mutex
	proc   *os.Process
	page   *os.File // its ledger
	reaped bool
	cause  error       // why the pool killed it, or how it broke the protocol
	boot   *time.Timer // kills it unless its hello comes in time; nil: none is due
	exit   *time.Timer // kills it unless it ends in time; nil: it need not end

	// The pool's lock guards turn. The fields behind it, up to broken, belong to the goroutine
	// whose turn it is to read: read, a submitter in join, and, when read has returned, live. The
	// turn stays with the reader then, so no submitter takes it any more.
	turn     turn
	pipe     *os.File      // of whose turn it is
	errands  []errand      // likewise, reused
	ended    []outcome     // likewise
	greeting wire.Greeting // the pool's
	reader   wire.Reader
	greeted  bool // its hello has been received
	broken   bool // its frames made no sense
	// The goroutine that captures standard error writes tail; bury reads it when that one has
	// ended.
	closed chan struct{} // the reader is done
	tail   tail
}

// errBootTimeout is the cause of a kill by the fuse that start lights.
var errBootTimeout = errors.New("procpool: the worker said nothing within Config.BootTimeout")

// live is the goroutine that owns a worker's process, from its start to its burial. Whatever
// becomes of the process, also when it cannot be started, live buries the worker once. Close waits
// for live by Pool.exited.
func (w *worker) live() {
	defer w.pool.exited.Done()
	ends, cmd, err := w.start()
	if err != nil {
		w.out.close()
		w.reap()
		// No process, no pipes: its sender is shut, and nobody has started to read.
		w.pool.bury(w, burial{startErr: err})
		return
	}
	// Nobody reads yet. welcomeLocked replaces the limit of the hello by that of later frames.
	w.pipe, w.reader.Limit = ends.Out, wire.MaxHello
	// loop fails when the worker has closed descriptor 3 or is dead; read returns at the end of 4,
	// and after a protocol error. A worker that is about to exit needs no kill, so both only light
	// a fuse, and AwaitExit mostly comes first.
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

	// The dead process is not reaped yet, so its number and its group's are still its own: the
	// group can be killed. Afterwards nobody uses the number any more, and cmd.Wait gives it back.
	proc.AwaitExit(cmd.Process, w.closed)
	w.reap()
	err = cmd.Wait()
	w.out.close()
	// A process that has left the group may hold the pipes. Expire ends a blocked write, and bounds
	// the reads.
	ends.Expire()
	w.pool.in.Lock()
	// The reader may rest while nobody reads. A submitter that reads finds the end itself, and
	// calls the reader when it leaves.
	w.turn.onLocked(readerCalled)
	w.pool.in.Commit()
	// loop returns only when nobody writes, also no submitter in direct. So afterwards nobody uses
	// the shared memory, and all frames that the pipe held have been handled.
	threads.Wait()
	// Before bulk is closed: frames in the ledger may name results that lie in shared memory.
	w.pool.bury(w, burial{exit: err, code: cmd.ProcessState.ExitCode(), page: ends.Page})
	w.bulk.Close()
	ends.Close()
	// As the first process of a container this one is the parent of all that the worker left
	// behind.
	proc.ReapGroup(cmd.Process.Pid)
}

// reap ends what a dead worker has left behind: its group, and its fuses. From then on kill does
// nothing.
func (w *worker) reap() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.proc != nil {
		proc.KillGroup(w.proc) // what it has started, and itself where only its pipe has ended
	}
	w.reaped = true
	w.quenchLocked(&w.boot)
	w.quenchLocked(&w.exit)
}

// kill ends the worker and its group. The first cause is kept. Any goroutine may call it, also
// under the pool's lock and before the process has been started: start looks at cause in the end.
// It ends no calls: bury does, when the process is dead. A worker that has died by itself is not
// buried at once, and gets no cause meanwhile: no limit has ended it.
func (w *worker) kill(cause error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.killLocked(cause)
}

func (w *worker) killLocked(cause error) {
	if w.reaped {
		return
	}
	if w.cause == nil {
		w.cause = cause
	}
	if w.proc != nil {
		proc.KillGroup(w.proc)
	}
}

// condemn kills a worker that has broken the protocol. A dead one gets the cause, too: its frames
// are read to the end, and what they say does not depend on when that happens.
func (w *worker) condemn(breach error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.killLocked(breach)
	if w.cause == nil {
		w.cause = breach
	}
}

// hangUpTime is how long a worker may live whose pipe has ended: it is on its way out.
const hangUpTime = time.Second

var (
	errHungUp  = fmt.Errorf("%w: the worker has closed a pipe of the pool's and lives on", ErrProtocol)
	errLingers = errors.New("procpool: the worker was let go and did not end within Config.Grace")
)

// light has the worker killed after d, unless it has ended by then: it has been told to (dismiss),
// or has closed a pipe. The first of these fuses goes on: a worker that closes a pipe when it was
// told to end has its Grace. The fuse of the hello burns beside it.
func (w *worker) light(d time.Duration, cause error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.lightLocked(&w.exit, d, cause)
}

// lightLocked lights a fuse that does not burn yet. exited counts it until it is out, so that Close
// waits for one that is about to kill. live does not end before the fuses are out, so exited is
// above 0 here.
func (w *worker) lightLocked(fuse **time.Timer, d time.Duration, cause error) {
	if *fuse != nil || w.reaped {
		return
	}
	w.pool.exited.Add(1)
	*fuse = time.AfterFunc(d, func() {
		defer w.pool.exited.Done()
		w.mu.Lock()
		defer w.mu.Unlock()
		if *fuse != nil { // else it was put out at this moment
			w.killLocked(cause)
		}
	})
}

// quenchLocked puts a fuse out, for good: one that fires at this moment finds nil.
func (w *worker) quenchLocked(fuse **time.Timer) {
	if *fuse != nil && (*fuse).Stop() {
		w.pool.exited.Done()
	}
	*fuse = nil
}

// inTime puts the fuse of the hello out. An error says that the hello comes too late: the worker
// has been killed, or has closed descriptor 3 and would never hear of a call.
func (w *worker) inTime() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.quenchLocked(&w.boot)
	if w.cause == nil && w.exit != nil {
		return errHungUp
	}
	return w.cause
}

// dismiss lets a worker without calls go. letGoLocked calls it under the pool's lock, Pool.dismiss
// without. BYE is the last frame: close has the pipe closed behind it. A worker that does not know
// BYE sees the end of file.
func (w *worker) dismiss() {
	w.light(w.pool.cfg.Grace, errLingers)
	w.out.push(wire.Frame{Type: wire.Bye})
	w.out.close()
}

// start starts the process. It runs on live's goroutine without a lock, since a fork takes
// milliseconds and OnCommand is user code. On an error nothing is left open, and the process does
// not exist.
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
	// Under the lock: p.names grows, and another worker's hello may set the modules of program
	// (Boot.Keep).
	p.in.Lock()
	w.greeting = p.helloLocked(nonce, w.program, ps.Page != nil)
	w.bound = len(w.greeting.Functions)
	p.in.Commit()
	hello, err := json.Marshal(w.greeting)
	if err != nil {
		ps.Close()
		return nil, nil, err
	}
	ps.Extra = p.cfg.extra
	m := wire.Marker{Nonce: nonce, Depth: int(workerDepth.Load()) + 1}
	m.In, m.Out, m.Page = ps.Attach(cmd)
	if cmd.Env == nil {
		cmd.Env = os.Environ()
	}
	if err := p.onCommand(cmd); err != nil {
		ps.Close()
		return nil, nil, err
	}
	// The marker comes after the hook, which cannot lose it then, and last: of two values of one
	// name the last counts. The slice is clipped, since the array may be that of Config.Env, which
	// all workers share.
	cmd.Env = append(cmd.Env[:len(cmd.Env):len(cmd.Env)], wire.EnvMarker+"="+m.String())
	if err := cmd.Start(); err != nil {
		ps.Close()
		return nil, nil, err
	}
	// Else this process would hold the worker's ends, and the pipes would never show their end.
	ps.CloseFar()
	w.mu.Lock()
	// In one section with the look at cause: a kill before it left its cause, and one after it
	// finds proc.
	w.proc, w.page = cmd.Process, ps.Page
	w.lightLocked(&w.boot, p.cfg.BootTimeout, errBootTimeout)
	cause := w.cause
	w.mu.Unlock()
	// Arm has the kernel kill the group when this process dies. If that happens before, only the
	// worker's own look at descriptor 3 ends it.
	p.weaken(ps.Page != nil, ps.Arm(cmd.Process))
	if cause != nil { // Close was faster
		w.kill(cause)
	}
	// The hello is the first frame, also when something was pushed before.
	w.out.open(ps.In, wire.Frame{Type: wire.Hello, Body: hello})
	return ps, cmd, nil
}

// onCommand calls Config.OnCommand. It does so on a goroutine of its own, which a hook may end by
// runtime.Goexit: live has a worker to bury.
func (p *Pool) onCommand(cmd *exec.Cmd) error {
	hook := p.cfg.OnCommand
	if hook == nil {
		return nil
	}
	returned := false
	var thread sync.WaitGroup
	thread.Go(func() {
		p.in.Guard(func() { hook(cmd); returned = true })
	})
	thread.Wait()
	if !returned {
		return errors.New("procpool: OnCommand has not returned")
	}
	proc.SettleSession(cmd)
	return nil
}

// command is what Config says, without descriptors. On Linux the program is /proc/self/exe: the
// file that runs now, also when an update has taken its name.
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

// isTest reports whether this is a test binary: by its flags, or, before these are registered, by
// its name.
func isTest() bool {
	name := strings.TrimSuffix(os.Args[0], ".exe")
	return flag.Lookup("test.run") != nil || strings.HasSuffix(name, ".test")
}
