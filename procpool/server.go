package procpool

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/internal/task"
)

// server is the worker's side. One task runs at a time: it has the token. A task that waits gives the token away, to
// tasks that descend from it, and takes it again before it goes on, so at any time the started tasks are a chain of
// descendants, and a death fails no task that has nothing to do with the one that caused it. With Config.Concurrency above
// 1 there are more tokens, any task may take one, and a death fails all.
type server struct {
	out   outlet
	codec string // its name

	mu        sync.Mutex
	names     []string
	local     []*job // delivered, not started, in order
	started   []*job // not ended, in the order of their starts
	width     int    // how many tasks may run at once
	tokens    int    // of these, how many more
	returning []*job // of these: their wait is over, and they want the token
	reading   bool   // a goroutine reads frames
	parked    bool   // a goroutine waits at hand
	hand      chan struct{}
	wanted    uint64        // the task for whose descendants the pool was asked
	starts    uint64        // of tasks
	ended     time.Time     // when the last task ended, if nothing was done since
	pace      time.Duration // mean of the last tasks' run times
	limit     int           // of a frame's body

	watching atomic.Bool
	watched  chan struct{}
	beating  atomic.Bool
	beats    chan struct{}

	in     *os.File     // of the goroutine that reads
	reader *frameReader // likewise

	calls  map[uint64]*outcall
	callID uint64
}

// job is one task in the worker, and the Model of it.
type job struct {
	node      task.Node
	server    *server
	id, under uint64
	name      string
	input     []byte
	small     [32]byte // of input
	raw       bool
	began     time.Time
	took      time.Duration
	running   bool // it has a token
	suspended bool
	turn      chan struct{} // closed: it has the token again
}

// Run implements task.Job; a job runs by the server's hand alone.
func (j *job) Run(context.Context) {}

// Abandon implements task.Job.
func (j *job) Abandon(error) {}

// deadlineCtx shows a deadline that the pool keeps: it sends the cancellation, with its cause.
type deadlineCtx struct {
	context.Context
	at time.Time
}

func (c deadlineCtx) Deadline() (time.Time, bool) { return c.at, true }

// beyond returns parent with what travelled beside a task.
func (x ext) beyond(parent context.Context) context.Context {
	if x.label != "" {
		parent = quartet.Label(parent, x.label)
	}
	if x.left > 0 {
		parent = deadlineCtx{parent, time.Now().Add(x.left)}
	}
	return parent
}

// receive reads what has come, and handles it. The end of the frames ends the process.
func (s *server) receive() {
	n, err := s.in.Read(s.reader.room())
	if err != nil {
		orphaned()
	}
	s.reader.fed(n)
	s.handleAll()
	s.mu.Lock()
	s.reading, s.ended = false, time.Time{}
	s.mu.Unlock()
}

func (s *server) handleAll() {
	for {
		f, ok, err := s.reader.next()
		if err == nil && ok {
			err = s.handle(f)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, "procpool: worker:", err)
			os.Exit(exitProtocol)
		}
		if !ok {
			return
		}
	}
}

var errHello = errors.New("a second HELLO")

func (s *server) handle(f frame) error {
	switch f.typ {
	case frameBind:
		s.mu.Lock()
		defer s.mu.Unlock()
		if int(f.arg) != len(s.names) {
			return fmt.Errorf("number %d is bound after %d names", f.arg, len(s.names))
		}
		s.names = append(s.names, string(f.body))
	case frameTask:
		return s.deliver(f)
	case frameCancel:
		s.cancel(f.id, f.body)
	case frameReply:
		s.reply(f)
	case frameRevoke:
		s.revoke(int(f.arg))
	case frameBye:
		s.out.flush()
		runWorkerExit()
		os.Exit(0)
	case frameHello:
		return errHello
	default:
		return fmt.Errorf("%s is no frame for a worker", f.typ)
	}
	return nil
}

func (s *server) deliver(f frame) error {
	x, body := ext{}, f.body
	if f.flags&flagExt != 0 {
		var err error
		if x, body, err = parseExt(body); err != nil {
			return err
		}
	}
	j := &job{server: s, id: f.id, under: x.under, raw: f.flags&flagRaw != 0}
	if f.owned {
		j.input = body
	} else {
		j.input = append(j.small[:0], body...)
	}
	j.node.Init(x.beyond(context.Background()), j)
	j.node.Owner, j.node.Model = s, (*jobModel)(j)
	s.mu.Lock()
	defer s.mu.Unlock()
	if int(f.arg) >= len(s.names) {
		return fmt.Errorf("TASK names function %d of %d", f.arg, len(s.names))
	}
	j.name = s.names[f.arg]
	s.local = append(s.local, j)
	if s.tokens == 0 {
		s.watch()
	}
	return nil
}

// cancel ends the context of a task; one that has not started goes back to the pool, which knows why.
func (s *server) cancel(id uint64, cause []byte) {
	is := func(j *job) bool { return j.id == id }
	s.mu.Lock()
	if i := slices.IndexFunc(s.local, is); i >= 0 {
		s.giveBack(s.local[i])
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
		j.node.Cancel(decodeError(cause, nil))
	}
}

// giveBack is locked: j, which is out of local, will not start here.
func (s *server) giveBack(j *job) { s.out.put(frame{typ: frameReturned, id: j.id}) }

// revoke gives back what would start next, for a worker that is idle.
func (s *server) revoke(n int) {
	s.mu.Lock()
	n = min(n, len(s.local))
	for _, j := range s.local[:n] {
		s.out.put(frame{typ: frameReturned, id: j.id, arg: returnedAsked})
	}
	s.local = s.local[n:]
	s.mu.Unlock()
	s.out.flush()
}

// Drop implements task.Owner.
func (s *server) Drop(n *task.Node, cause error) { n.Job.Abandon(cause) }

// Panicked implements task.Owner: a panic of a hook, which no future carries, ends the worker.
func (s *server) Panicked(err error, observed bool) {
	if !observed {
		panic(err)
	}
}
