package natspool

import (
	"context"
	"errors"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/internal/farerror"
	"github.com/quartet-go/quartet/internal/functions"
	"github.com/quartet-go/quartet/internal/intake"
)

// key names a call among all pools.
type key struct {
	caller string
	id     uint64
}

// job is a call on a node, from its delivery until its pool has the result. It is the Call that the
// executor gets.
type job struct {
	key
	node    *Node
	message *callMessage
	input   []byte
	stored  *nats.Msg       // how the stream is told of it; guarded by the node's lock
	ctx     context.Context // ends by frameCancel, a lost pool, Close, or when the job is over
	cancel  context.CancelCauseFunc

	// Guarded by the node's lock.
	stage   stage
	waits   bool // it has lent its slot; see model.go
	askedAt time.Time
	begunAt time.Time
	ranAt   time.Time // of the executor's, from its start on
	claim   claim     // of a Detached call whose pool is gone
	flow    *outflow  // its items; nil: the result is one value
	result  frame     // at stage over
	saidAt  time.Time // when its items or its result were last sent
}

// stage is how far a job is.
type stage uint8

// Where a job is at each stage: asking, in jobs only; starting, in the starter's queue too;
// running, with the executor; over, in jobs with its result; dropped, nowhere.
const (
	asking   stage = iota // its pool: may it start?
	starting              // it may; on its way to the executor
	running               // the executor has it
	over                  // it has ended; its pool may not know yet
	dropped               // it is gone from this node
	stages
)

// leads says which stage may lead to which.
var leads = [stages][stages]bool{
	asking:   {starting: true, dropped: true},
	starting: {running: true, over: true, dropped: true},
	running:  {over: true, dropped: true}, // dropped: the executor has not started it, or the input is none
	over:     {dropped: true},
	dropped:  {},
}

// moveLocked changes j's stage, and gives back the slot where it takes none any more. It reports
// false when that is no step of the table: something else has been decided before.
//
// It is the only place that writes stage, active and waiting. Invariant: active counts the jobs
// before over that do not wait, waiting those that do; starter's room is Slots minus those that
// run.
func (j *job) moveLocked(to stage) bool {
	if !leads[j.stage][to] {
		return false
	}
	n := j.node
	if j.stage < over && to >= over {
		switch {
		case j.waits:
			n.waiting--
		case j.stage == running:
			n.active--
			n.starts.give()
		default:
			n.active--
		}
		j.waits = false
	}
	j.stage = to
	if to == dropped {
		n.forgetLocked(j)
		j.cancel(nil)
	}
	return true
}

// keeps reports whether the call stays in the stream until it has ended, so that the server gives
// it to another node when this one dies. That is for an Idempotent call of a Detached pool: the
// pool may be gone, and nobody else would send it again.
func (j *job) keeps() bool {
	return j.message.flags&flagDetached != 0 && j.message.flags&flagIdempotent != 0
}

// Name implements quartet.Call.
func (j *job) Name() string { return j.message.name }

// Idempotent reports whether the caller's function is Idempotent.
func (j *job) Idempotent() bool { return j.message.flags&flagIdempotent != 0 }

func (j *job) codec() *codec { return &codec{raw: j.message.flags&flagRaw != 0} }

var errNoTypes = errors.New("natspool: this program does not know the function's types, which another codec needs")

// AppendInput implements quartet.Call: it brings the input from the cluster's codec to the
// executor's. An executor that runs the call here calls Run, which reads the input directly.
func (j *job) AppendInput(dst []byte, to quartet.Codec) ([]byte, error) {
	f := functions.Lookup(j.message.name)
	if f == nil {
		return dst, errNoTypes
	}
	return f.RecodeInput(dst, to, j.input, j.codec())
}

// Resolve implements quartet.Call: the executor has run the call elsewhere. The output changes its
// codec, from the executor's to the cluster's.
func (j *job) Resolve(output []byte, from quartet.Codec, err error) {
	f := functions.Lookup(j.message.name)
	to := &codec{raw: true}
	switch {
	case err != nil:
	case j.flow != nil:
		output = nil
	case f == nil:
		err = errNoTypes
	default:
		output, err = f.RecodeOutput(nil, to, output, from)
	}
	j.end(output, to.raw, err)
}

// Abandon implements quartet.Call: the executor has accepted the call and will not start it.
// Nothing of it has run, so another node can start it; unless it was cancelled.
func (j *job) Abandon(cause error) {
	if j.ctx.Err() != nil {
		j.end(nil, false, cause)
		return
	}
	j.giveBack()
}

// Run implements quartet.Task: it runs the function here. A panic is recovered here and travels as
// the call's error. err is ErrGoexit until the function returns, so that a Goexit, which runs only
// the deferred calls, is told as one. It runs on the executor's goroutine, in a task of that: ctx
// ends with the job's own.
func (j *job) Run(ctx context.Context) {
	j.ranAt = time.Now()
	var output []byte
	c := j.codec()
	err := error(quartet.ErrGoexit)
	defer func() {
		if v := recover(); v != nil {
			err = quartet.NewPanicError(v)
		}
		j.end(output, c.raw, err)
	}()
	ctx = j.withModel(ctx)
	err = j.around(ctx, func(ctx context.Context) (err error) {
		if j.flow != nil {
			return j.stream(ctx, c)
		}
		output, err = quartet.Invoke(ctx, j.message.name, c, j.input)
		return err
	})
}

// around calls the node's Around with the call's own Info. The executor's Around sees the job
// around this.
func (j *job) around(ctx context.Context, run func(context.Context) error) error {
	around := j.node.cfg.Around
	if around == nil {
		return run(ctx)
	}
	info := quartet.Info{Executor: j.node.shared.Name, Func: j.message.name, Label: j.message.label, Task: j.id}
	return intake.CallAround("natspool", around, ctx, info, run)
}

// end sends the result to the pool, and keeps it until that has it.
//
// The result is kept at stage over until the pool confirms it, and said again meanwhile: a result
// must not be lost, since an Idempotent function's call would be run twice, and any other one be
// reported as lost.
func (j *job) end(output []byte, raw bool, err error) {
	// Nothing has run, so it is no result: nodes of another program may have the function.
	if err != nil && j.unrunnable(err) {
		j.refuse(err)
		return
	}
	f := frame{kind: frameResult, id: j.id, flags: flagIf(raw, flagRaw), body: output}
	if err == nil && len(output)+messageOverhead > int(j.node.nc.MaxPayload()) {
		var object string
		if object, err = j.node.own.big.put(context.Background(), output); err == nil {
			f.flags, f.body = f.flags|flagObject, []byte(object)
		}
	}
	if err != nil {
		f.flags, f.body = flagError, farerror.Encode(err, context.Cause(j.ctx))
	}
	n := j.node
	n.mu.Lock()
	if j.flow != nil {
		f.flags, f.m = f.flags|flagStream, j.flow.sent
	}
	took := time.Since(j.ranAt)
	f.n = uint64(took.Microseconds())
	ended := j.moveLocked(over)
	if ended {
		j.result, j.input, j.saidAt = f, nil, time.Now()
		n.paceLocked(took)
		if j.keeps() {
			n.ack(j)
		}
		// The pool is known from now on, so that the result is kept until it is confirmed, or the
		// pool is lost.
		c := n.callerOfLocked(j)
		// Nobody else removes the input of a call whose Detached pool has gone.
		if j.detached() && c.lost {
			n.own.big.removeLater(n.own, j.message.object)
		}
	}
	// If calls are still running here, their results will go soon, and may take this one with them.
	last := n.active == 0
	n.mu.Unlock()
	if ended {
		j.cancel(nil)
		n.out.push(n.names.caller(j.caller), f)
	}
	if last { // nothing is about to end that could go with it
		n.out.flush()
	}
	n.nudge()
}

// unrunnable reports whether err says that the function is not one of this node's: it does not know
// it, or cannot read the input. Then nothing of it has run.
func (j *job) unrunnable(err error) bool {
	f := functions.Lookup(j.message.name)
	if f == nil || !f.HasBody() {
		return errors.Is(err, quartet.ErrNoBody) || errors.Is(err, errNoTypes)
	}
	return j.undecodable() != nil
}

// undecodable is the error of reading the input. It decodes the input once more, into nothing. That
// costs only calls that have failed already.
func (j *job) undecodable() error {
	if f := functions.Lookup(j.message.name); f != nil {
		_, err := f.RecodeInput(nil, nowhere{}, j.input, j.codec())
		return err
	}
	return nil
}

// nowhere is a codec that writes nothing.
type nowhere struct{}

func (nowhere) Append(dst []byte, _ any) ([]byte, error) { return dst, nil }
func (nowhere) Decode([]byte, any) error                 { return errGarbled }

// refuse leaves the call to nodes of other classes. err is for the case that there are none; nil:
// no such function.
func (j *job) refuse(err error) {
	f := frame{kind: frameRefuse, id: j.id}
	if err != nil {
		f.body = farerror.Encode(err, nil)
	}
	j.drop(f)
}

// giveBack: the call has been granted, and will not start here.
func (j *job) giveBack() { j.drop(frame{kind: frameBack, id: j.id}) }

// drop ends a job that has not started, and says so. Who calls second finds the stage moved, and
// says nothing: one end is told.
func (j *job) drop(f frame) {
	n := j.node
	n.mu.Lock()
	gone := j.moveLocked(dropped)
	n.mu.Unlock()
	if gone {
		n.out.push(n.names.caller(j.caller), f)
	}
	n.nudge()
}
