package procpool

import (
	"context"
	"errors"
	"fmt"
	"math/bits"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/internal/task"
)

const (
	// flushAfter is how long a finished result may wait for others to be written with it, while short tasks run.
	flushAfter = 20 * time.Microsecond
	// watchEvery is how often the watch looks at a running task behind which something waits.
	watchEvery = 200 * time.Microsecond
	// longTask is after what time what waits behind a task is given back to the pool.
	longTask = 2 * time.Millisecond
)

// server is the worker's side. One task runs at a time: it has the token. A task that waits gives the token away, to
// tasks that descend from it, and takes it again before it goes on, so at any time the started tasks are a chain of
// descendants, and a death fails no task that has nothing to do with the one that caused it.
type server struct {
	out   outlet
	codec quartet.Codec

	mu        sync.Mutex
	names     []string
	local     []*job          // delivered, not started, in order
	started   []*job          // not ended, in the order of their starts
	running   *job            // has the token; nil: the token is free
	returning []*job          // their wait is over: they want the token
	jobs      map[uint64]*job // all of the above
	parked    bool            // a goroutine waits at hand
	hand      chan *job
	pace      time.Duration // mean of the last tasks' run times
	limit     int           // of a frame's body

	watching atomic.Bool
	watched  chan struct{}

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
	began     time.Time
	took      time.Duration
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

// serve handles the frames of in until it ends, which ends the process.
func (s *server) serve(in *os.File, r *frameReader) {
	for {
		for {
			f, ok, err := r.next()
			if err == nil && ok {
				err = s.handle(f)
			}
			if err != nil {
				fmt.Fprintln(os.Stderr, "procpool: worker:", err)
				os.Exit(exitProtocol)
			}
			if !ok {
				break
			}
		}
		runtime.Gosched() // a short task is done before this goroutine is, in the kernel, a burden to the scheduler
		n, err := in.Read(r.room())
		if err != nil {
			orphaned()
		}
		r.fed(n)
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
	case frameBye:
		s.out.flush()
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
	j := &job{server: s, id: f.id, under: x.under, input: append([]byte(nil), body...)}
	j.node.Init(x.beyond(context.Background()), j)
	j.node.Owner, j.node.Model = s, (*jobModel)(j)
	s.mu.Lock()
	defer s.mu.Unlock()
	if int(f.arg) >= len(s.names) {
		return fmt.Errorf("TASK names function %d of %d", f.arg, len(s.names))
	}
	j.name = s.names[f.arg]
	s.jobs[j.id] = j
	s.local = append(s.local, j)
	s.kick()
	if len(s.local) > 0 {
		s.watch()
	}
	return nil
}

// cancel ends the context of a task; one that has not started goes back to the pool, which knows why.
func (s *server) cancel(id uint64, cause []byte) {
	s.mu.Lock()
	j := s.jobs[id]
	if j == nil {
		s.mu.Unlock()
		return
	}
	for i, l := range s.local {
		if l == j {
			s.local = append(s.local[:i], s.local[i+1:]...)
			s.giveBack(j)
			j = nil
			break
		}
	}
	s.mu.Unlock()
	if j == nil {
		s.out.flush()
		return
	}
	j.node.Cancel(decodeError(cause, nil))
}

// giveBack is locked: j, which is out of local, will not start here.
func (s *server) giveBack(j *job) {
	delete(s.jobs, j.id)
	s.out.put(frame{typ: frameReturned, id: j.id})
}

// kick is locked: a free token goes to a task, on a goroutine that is parked or new.
func (s *server) kick() {
	if s.running != nil {
		return
	}
	switch j := s.pick(); {
	case j == nil:
	case s.parked:
		s.parked = false
		s.hand <- j
	default:
		go s.work(j)
	}
}

// pick is locked, with the token free: it gives the token to a task whose wait is over (nil), or to one that may start,
// which the caller runs. Without either it tells the pool what could start here.
func (s *server) pick() *job {
	if len(s.returning) > 0 {
		j := s.returning[0]
		s.returning = s.returning[1:]
		s.resume(j)
		return nil
	}
	last := s.last()
	for len(s.local) > 0 {
		j := s.local[0]
		s.local = s.local[1:]
		if last == nil || j.under == last.id {
			s.start(j)
			return j
		}
		s.giveBack(j)
	}
	s.local = nil
	if last != nil {
		s.out.put(frame{typ: frameWant, id: last.id})
	}
	s.out.flush()
	return nil
}

// last is locked: the task that started last, of those that have not ended.
func (s *server) last() *job {
	if n := len(s.started); n > 0 {
		return s.started[n-1]
	}
	return nil
}

// start is locked.
func (s *server) start(j *job) {
	s.running, j.began = j, time.Now()
	s.started = append(s.started, j)
	s.out.page.word(pageRunning).Store(j.id)
}

// resume is locked.
func (s *server) resume(j *job) {
	s.running, j.suspended = j, false
	s.out.put(frame{typ: frameResumed, id: j.id})
	s.out.page.word(pageRunning).Store(j.id)
	s.out.flush()
	close(j.turn)
}

// work is a goroutine that runs tasks: j, and what follows.
func (s *server) work(j *job) {
	for j != nil {
		s.run(j)
		j = s.follow(j)
	}
}

// run runs j's function and puts its result on the way. When the function calls Goexit this goroutine ends, and another
// takes its place.
func (s *server) run(j *job) {
	var output []byte
	err := error(quartet.ErrGoexit)
	returned := false
	defer func() {
		v := recover()
		if v != nil {
			err = quartet.NewPanicError(v)
		}
		s.end(j, output, err)
		if v == nil && !returned {
			go s.workAfter(j)
		}
	}()
	j.node.Claim()
	output, err = quartet.Invoke(j.node.Context(), j.name, s.codec, j.input)
	returned = true
}

func (s *server) workAfter(j *job) { s.work(s.follow(j)) }

// end sends j's result.
func (s *server) end(j *job, output []byte, err error) {
	j.took = time.Since(j.began)
	f := frame{typ: frameResult, id: j.id, arg: kindOutput, body: output}
	if err != nil {
		f.arg = kindError
		f.body = encodeError(err, context.Cause(j.node.Context()))
	}
	if len(f.body) > s.limit {
		f.arg = kindError
		f.body = encodeError(fmt.Errorf("procpool: the result of %q is %d bytes, beyond Config.MaxFrame (%d)", j.name, len(f.body), s.limit), nil)
	}
	f.arg |= uint16(bits.Len64(uint64(j.took))) << 8
	j.node.End()
	s.out.put(f)
}

// follow gives the token of j, which has ended, on. It returns the next task for the same goroutine, or nil when the
// goroutine is to end. While it is parked it waits here.
func (s *server) follow(j *job) *job {
	s.mu.Lock()
	s.pace += (j.took - s.pace) / 4
	s.forget(j)
	var next *job
	if s.running == nil {
		next = s.pick()
	}
	park := next == nil && !s.parked
	s.parked = s.parked || park
	slow := s.pace > flushAfter
	s.mu.Unlock()
	if park {
		return <-s.hand
	}
	if since, any := s.out.waiting(); any {
		if slow || time.Since(since) > flushAfter {
			s.out.flush()
		} else {
			s.watch()
		}
	}
	return next
}

// forget is locked: j has ended. A foreign goroutine may have given its token away in its name.
func (s *server) forget(j *job) {
	delete(s.jobs, j.id)
	for i, l := range s.started {
		if l == j {
			s.started = append(s.started[:i], s.started[i+1:]...)
			break
		}
	}
	if s.running == j {
		s.running = nil
		return
	}
	for i, l := range s.returning {
		if l == j {
			s.returning = append(s.returning[:i], s.returning[i+1:]...)
			close(j.turn)
			break
		}
	}
}

// watch has the running task watched, since something waits behind it.
func (s *server) watch() {
	if s.watching.CompareAndSwap(false, true) {
		s.watched <- struct{}{}
	}
}

// watchLoop looks after what waits behind a running task: finished results are written, and tasks go back to the pool,
// where another worker may be idle. It rests while nothing waits.
func (s *server) watchLoop() {
	for range s.watched {
		for again := true; again; {
			time.Sleep(watchEvery)
			s.watching.Store(false) // from here on a new watch sends
			again = s.look() && s.watching.CompareAndSwap(false, true)
		}
	}
}

// look reports whether to look again.
func (s *server) look() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running != nil && time.Since(s.running.began) > longTask {
		for _, j := range s.local {
			s.giveBack(j)
		}
		s.local = nil
	}
	_, unwritten := s.out.waiting()
	if unwritten {
		s.out.flush()
	}
	return len(s.local) > 0
}

// Drop implements task.Owner.
func (s *server) Drop(n *task.Node, cause error) { n.Job.Abandon(cause) }

// Panicked implements task.Owner: a panic of a hook, which no future carries, ends the worker.
func (s *server) Panicked(err error, observed bool) {
	if !observed {
		panic(err)
	}
}
