package child

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/quartet-go/quartet/procpool/internal/bulk"
	"github.com/quartet-go/quartet/procpool/internal/proc"
	"github.com/quartet-go/quartet/procpool/internal/wire"

	"github.com/quartet-go/quartet/internal/intake"
	"github.com/quartet-go/quartet/internal/propagate"
	"github.com/quartet-go/quartet/internal/stream"
	"github.com/quartet-go/quartet/internal/task"
)

// server is the worker's side. One task runs at a time: it has the token. A task that waits gives
// the token away, to tasks that descend from it, and takes it again before it goes on, so at any
// time the started tasks are a chain of descendants, and a death fails no task that has nothing to
// do with the one that caused it. With Config.Concurrency above 1 there are more tokens, any task
// may take one, and a death fails all.
//
// Invariant, under mu: tokens plus the number of jobs in stage running is width. Tasks in started
// are of stage running, suspended or returning; those in local are delivered.
type server struct {
	home  task.Home // of jobs
	away  task.Home // of calls that have been sent to the pool
	out   outlet
	codec string // its name

	// Frames whose order matters beside the fields are put under mu: SUSPENDED, RESUMED, WANT and
	// RETURNED tell the pool of a change that no other goroutine may overtake. ended saves a second
	// call of time.Now between two short tasks; receive, which may have blocked, sets it to zero.
	// wanted keeps WANT from being repeated; each start and each resumption allows it again.
	//
	// mu guards the fields below. Tasks run after it was released. The outlet's mutex is taken
	// under it, never the other way.
	mu        sync.Mutex
	names     []string
	local     []*job // delivered, not started, in order
	started   []*job // not ended, in the order of their starts
	width     int    // how many tasks may run at once
	tokens    int    // of these, how many more
	returning []*job // of these: their wait is over, and they want the token
	crew      crew
	callUp    chan struct{} // wakes the reserve
	wanted    uint64        // the task for whose descendants the pool was asked
	starts    uint64        // of tasks
	ended     time.Time     // when the last task ended, if nothing was done since
	pace      time.Duration // mean of the last tasks' run times
	limit     int           // of a frame's body
	name      string        // the pool's
	around    intake.Around

	// These flags are set by whoever starts a loop's round and cleared by the loop: see watch and
	// beat. Each channel holds one, and the flag lets one send.
	watching atomic.Bool
	watched  chan struct{}
	beating  atomic.Bool
	beats    chan struct{}
	// How many tasks are in started. The heart goes by it, and not by mu: that may wait for a pool
	// which does not read, and such a worker does not hang.
	tasks atomic.Int32

	// Set before the first task, and not changed. The goroutine that reads has in and reader to
	// itself: crew admits one.
	inputs *bulk.Shared // nil: inputs come in frames
	heap   ballast
	in     *os.File     // of the goroutine that reads
	reader *wire.Reader // likewise

	// Calls of the tasks' own that have no REPLY yet. mu guards both; numbers begin at 1 and are
	// not used again.
	calls  map[uint64]*outcall
	callID uint64
}

// job is one task in the worker, and the Model of it.
//
// deliver makes it, and sets all that the TASK frame says before anybody else knows it. server.mu
// guards stage, turn, items and wake from then on. began is written by startLocked, took by the
// goroutine that runs the job. node and ctx are within it, so that a task costs one allocation.
type job struct {
	node      task.Node
	ctx       task.Ctx
	server    *server
	id, under uint64
	name      string
	input     []byte
	small     [32]byte   // of input
	place     wire.Place // of input, where it lies in shared memory still
	raw       bool
	values    []propagate.Value
	streams   bool          // the caller takes its result item by item
	items     stream.Window // sent, and not taken
	wake      func()        // it waits until items have been taken
	began     time.Time
	took      time.Duration
	stage     stage
	turn      chan struct{} // closed: it has the token again
}

// Run implements task.Job; a job runs by the server's hand alone. No intake starts it, so nobody
// calls Run; package task asks for the method.
func (j *job) Run(context.Context) {}

// Abandon implements task.Job. A job that goes back to the pool has a future there, and none here.
func (j *job) Abandon(error) {}

// receive reads and handles frames. The end of the frames ends the process.
//
// It is the only place where a worker waits for its pool. The caller has the crew's place of the
// reader, and gives it up at the end, so that it can run a task that has come. A pool that dies
// closes the pipe: then Orphaned ends the process and its group, whatever tasks run.
func (s *server) receive() {
	n, err := s.in.Read(s.reader.Room())
	if err != nil {
		proc.Orphaned()
	}
	s.reader.Fed(n)
	s.handleAll()
	s.mu.Lock()
	s.crew.onLocked(hasRead)
	s.ended = time.Time{}
	s.mu.Unlock()
}

// handleAll handles the whole frames that the reader holds. A frame that makes no sense means that
// the pool is another program, or that the pipe is damaged. Going on could run a call twice, so the
// worker ends with a code of its own, and the pool sends the calls that had not started elsewhere.
func (s *server) handleAll() {
	for {
		f, ok, err := s.reader.Next()
		if err == nil && ok {
			err = s.handle(f)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, "procpool: worker:", err)
			os.Exit(wire.ExitProtocol)
		}
		if !ok {
			return
		}
	}
}

var errHello = errors.New("a second HELLO")

// It runs on the goroutine that reads, so frames are handled in their order, and none may block for
// long: a CANCEL may wait behind. An error is a breach of the protocol.
func (s *server) handle(f wire.Frame) error {
	switch f.Type {
	case wire.Bind:
		s.mu.Lock()
		defer s.mu.Unlock()
		// Names are numbered in the order in which they come. A gap would have a TASK run another
		// function.
		if int(f.Arg) != len(s.names) {
			return fmt.Errorf("number %d is bound after %d names", f.Arg, len(s.names))
		}
		s.names = append(s.names, string(f.Body))
	case wire.Task:
		return s.deliver(f)
	case wire.Cancel:
		s.cancel(f.ID, f.Body)
	case wire.Reply:
		s.reply(f)
	case wire.Item:
		s.item(f)
	case wire.Taken:
		return s.taken(f.ID, int(f.Arg))
	case wire.Revoke:
		s.revoke(int(f.Arg))
	case wire.Free:
		if !s.out.results.Free(int64(f.ID)) {
			return fmt.Errorf("FREE names the place %d, where no result lies", f.ID)
		}
	case wire.Bye:
		s.out.flush()
		// The pool sends BYE to a worker without calls, so no task is cut off here.
		runWorkerExit()
		os.Exit(0)
	case wire.Hello:
		return errHello
	default:
		return fmt.Errorf("%s is no frame for a worker", f.Type)
	}
	return nil
}

// deliver makes a job of a TASK, and puts it behind the others. It does not start it: the goroutine
// that reads does so when it has handled all frames, or the one whose task ends next.
func (s *server) deliver(f wire.Frame) error {
	x, body := wire.Ext{}, f.Body
	if f.Flags&wire.FlagExt != 0 {
		var err error
		if x, body, err = wire.ParseExt(body); err != nil {
			return err
		}
	}
	j := &job{
		server: s, id: f.ID, under: x.Under, raw: f.Flags&wire.FlagRaw != 0, values: x.Values,
		streams: f.Flags&wire.FlagStream != 0,
	}
	switch {
	case f.Flags&wire.FlagBulk != 0:
		var err error
		if j.place, err = wire.ParsePlace(body, wire.InputsAt, s.limit); err == nil && s.inputs == nil {
			err = errors.New("TASK has its input in shared memory, and there is none")
		}
		if err != nil {
			return err
		}
	case f.Owned:
		// The body is this worker's to keep: it came in pieces, and was put together.
		j.input = body
	default:
		// The frame's body is overwritten by the next read. Up to 32 bytes lie in the job itself
		// and need no allocation.
		j.input = append(j.small[:0], body...)
	}
	// The context has no parent in this process: the pool sends CANCEL when the submitter's context
	// ends.
	j.node.Init(&j.ctx, x.Beyond(context.Background()), j)
	j.node.Settle(&s.home)
	s.mu.Lock()
	defer s.mu.Unlock()
	if int(f.Arg) >= len(s.names) {
		return fmt.Errorf("TASK names function %d of %d", f.Arg, len(s.names))
	}
	j.name = s.names[f.Arg]
	s.local = append(s.local, j)
	if s.tokens == 0 {
		// All tokens are away: if the running task is long, the watch gives this one back.
		s.watch()
	}
	return nil
}

// cancel ends the context of a task; one that has not started goes back to the pool, which knows
// why.
//
// A task that is not there any more has ended, and its RESULT is on the way; then CANCEL means
// nothing. The cause is decoded without the lock, as it may call methods of the user's types. A
// function that does not look at its context runs on: the pool kills the worker where Config says
// so.
func (s *server) cancel(id uint64, cause []byte) {
	is := func(j *job) bool { return j.id == id }
	s.mu.Lock()
	if i := slices.IndexFunc(s.local, is); i >= 0 {
		s.giveBackLocked(s.local[i], 0)
		s.local = slices.Delete(s.local, i, i+1)
		s.mu.Unlock()
		s.out.flush()
		return
	}
	var j *job
	if i := slices.IndexFunc(s.started, is); i >= 0 {
		j = s.started[i]
	}
	s.mu.Unlock()
	if j != nil {
		j.node.Cancel(wire.DecodeError(cause, nil))
	}
}

// giveBackLocked returns j, which is out of local and will not start here, to the pool.
//
// The step to over comes first, so a job that was given back can never run here: the pool may have
// sent it to another worker by the time the frame is read.
func (s *server) giveBackLocked(j *job, why uint16) {
	j.toLocked(over)
	s.out.put(wire.Frame{Type: wire.Returned, ID: j.id, Arg: why})
}

// revoke gives back what would start next, for a worker that is idle. The eldest go first, because
// these have waited for longest, and the other worker is idle now. Fewer may be there than were
// asked for: some have started meanwhile. The answer is flushed, since the idle worker waits for
// it.
func (s *server) revoke(n int) {
	s.mu.Lock()
	n = min(n, len(s.local))
	for _, j := range s.local[:n] {
		s.giveBackLocked(j, wire.ReturnedAsked)
	}
	s.local = s.local[n:]
	s.mu.Unlock()
	s.out.flush()
}

// Drop implements task.Owner.
func (s *server) Drop(n *task.Node, cause error) { n.Job.Abandon(cause) }

// Unseen implements task.Owner: the pool sees what ends here. A panic of a job travels to the pool
// in its RESULT.
func (s *server) Unseen() *slog.Logger { return nil }

// Panicked implements task.Owner: a panic of a hook, which no future carries, ends the worker. The
// pool reports the panic with the worker's standard error.
func (s *server) Panicked(err error, observed bool) {
	if !observed {
		panic(err)
	}
}
