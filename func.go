package quartet

import (
	"context"
	"fmt"
	"iter"
	"reflect"
	"sync/atomic"

	"github.com/quartet-go/quartet/internal/functions"
	"github.com/quartet-go/quartet/internal/task"
)

// Func is a function with a name, so that a call of it can travel to another process. Make one with
// [Define] or [Declare], usually as a package-level variable. Its methods may be called from any
// goroutine.
type Func[In, Out any] struct {
	// All fields but body are set by Declare and read-only from then on. The table of names keeps
	// each Func for the life of the program, as a *named of the same memory.
	name       string
	idempotent bool
	strict     bool       // it refuses fields that its types do not have
	codec      Codec      // nil: the executor's
	streaming  *streaming // nil: the result is one value
	// Atomic, since Body may come after the program has begun to serve calls.
	body atomic.Pointer[func(context.Context, In) (Out, error)]
}

// DefineOption is an option of [Define] and [Declare].
type DefineOption func(*defineOptions)

// It is no Func: an option is no generic function, and cannot name In and Out.
type defineOptions struct {
	idempotent bool
	strict     bool
	codec      Codec
}

// WithCodec has inputs and outputs of this function travel in c, in place of the codec that the
// executor chooses. It panics on a nil c.
func WithCodec(c Codec) DefineOption {
	if c == nil {
		panic("quartet: WithCodec of a nil Codec")
	}
	return func(o *defineOptions) { o.codec = c }
}

// DisallowUnknownFields has a call fail when its input or output holds a field that the type on
// this side does not have, as [json.Decoder.DisallowUnknownFields] does. By default such a field is
// skipped, so that a worker which runs a newer version may add one. It is for codecs that know
// fields by name, as [JSON].
func DisallowUnknownFields() DefineOption { return func(o *defineOptions) { o.strict = true } }

// Idempotent says that running the function twice does no harm: an executor that lost a running
// call may try it again.
func Idempotent() DefineOption { return func(o *defineOptions) { o.idempotent = true } }

// Define names a function. It panics on an empty or repeated name, on a nil fn, and on types that
// cannot travel, naming the field: channels, functions, interfaces but any, complex numbers,
// uintptr and unsafe.Pointer, structs with unexported fields, maps whose keys are neither strings,
// integers nor text marshalers, and types made of these; a type that encodes itself may be any of
// them. Names are for the whole program and stay, so call it for package-level variables.
//
// A function whose Out is an [iter.Seq2] of T and error streams its result, item by item, whatever
// executor runs it. For such a function Do and Go start nothing: they return a sequence, and each
// loop over that is one call, with the ctx of Do. The function's sequence runs in the task, at most
// 64 items or 1 MiB ahead of the loop; there it waits as tasks do. Leaving the loop cancels the
// task and waits for its end. So does the end of ctx; then the last pair has ctx's cause. If the
// call fails, by the function's own error, a refusal, a panic or a lost worker, the last pair has
// that error. An error that the function yields itself is yielded in its place, without a value,
// and ends nothing.
func Define[In, Out any](name string, fn func(context.Context, In) (Out, error), opts ...DefineOption) *Func[In, Out] {
	if fn == nil {
		panic(fmt.Sprintf("quartet: Define(%q) of a nil func", name))
	}
	f := Declare[In, Out](name, opts...)
	f.body.Store(&fn)
	return f
}

// Declare names a function whose body comes later, with [Func.Body], or lives elsewhere: in a
// worker of another language. Until then a [Runner] answers its calls with [ErrNoBody]. It panics
// as Define does.
func Declare[In, Out any](name string, opts ...DefineOption) *Func[In, Out] {
	if name == "" {
		panic("quartet: a defined function needs a name")
	}
	out := reflect.TypeFor[Out]()
	// In before Out: the message names the input's fault if both have one.
	for _, err := range []error{checkTravel(reflect.TypeFor[In]()), checkResult(out)} {
		if err != nil {
			panic(fmt.Sprintf("quartet: Define(%q): %v", name, err))
		}
	}
	var o defineOptions
	for _, opt := range opts {
		opt(&o)
	}
	f := &Func[In, Out]{
		name: name, idempotent: o.idempotent, strict: o.strict, codec: o.codec,
		streaming: streamingOf(out),
	}
	if !functions.Add(name, (*named[In, Out])(f)) {
		panic(fmt.Sprintf("quartet: the name %q is defined already", name))
	}
	return f
}

// Body gives a declared function its body; a recursive one needs this. It panics when there is one
// already.
func (f *Func[In, Out]) Body(fn func(context.Context, In) (Out, error)) {
	if fn == nil {
		panic(fmt.Sprintf("quartet: Body of %q is a nil func", f.name))
	}
	if !f.body.CompareAndSwap(nil, &fn) {
		panic(fmt.Sprintf("quartet: %q has a body already", f.name))
	}
}

// Name returns the name that f was defined with.
func (f *Func[In, Out]) Name() string { return f.name }

// needs panics when f is not defined, or a call of it was given a nil Context or a nil Executor.
func (f *Func[In, Out]) needs(call string, ctx context.Context, ex Executor) {
	if f == nil || f.name == "" {
		panic("quartet: " + call + " of a Func that neither Define nor Declare has made")
	}
	needs(call, ctx, ex)
}

// Local is a plain call here, on the caller's goroutine. Without a body it returns [ErrNoBody]. It
// neither recovers a panic nor looks at ctx.
func (f *Func[In, Out]) Local(ctx context.Context, in In) (Out, error) {
	body := f.body.Load()
	if body == nil {
		return *new(Out), fmt.Errorf("%w: %q", ErrNoBody, f.name)
	}
	return (*body)(ctx, in)
}

// Go submits a call of f to ex and returns its future, as the function [Go] does.
func (f *Func[In, Out]) Go(ctx context.Context, ex Executor, in In) *Future[Out] {
	f.needs("Go", ctx, ex)
	future, _ := f.submit(ctx, ex, in)
	return future
}

// submit is Go that also returns the refusal which the future carries. The caller's future is also
// what the executor queues, so a call costs one allocation where ctx holds nothing. streaming is
// asked first on all ways in: for such a function there is no call yet, only a sequence that will
// make one for each loop.
func (f *Func[In, Out]) submit(ctx context.Context, ex Executor, in In) (*Future[Out], error) {
	if f.streaming != nil {
		return ended(f.stream(ctx, ex, in)), nil
	}
	c, own := placeCall[In, Out](ctx)
	c.f, c.in = f, in
	c.node.Init(own, ctx, c)
	return c.handOver(ex)
}

// submitJoined is submit for a caller that awaits the call and gives the future to nobody. So
// future and context may share their memory.
func (f *Func[In, Out]) submitJoined(ctx context.Context, ex Executor, in In) (*Future[Out], error) {
	if f.streaming != nil {
		return f.submit(ctx, ex, in)
	}
	b := &callBundle[In, Out]{call: call[In, Out]{f: f, in: in}}
	b.node.Init(&b.ctx, ctx, &b.call)
	// Set before the hand-over: an executor reads the flags once, when it decides whether to watch
	// the context.
	b.node.Flags = task.Attended
	return b.handOver(ex)
}

// Do calls f on ex and returns when f has returned or never will start, as the function [Do] does.
func (f *Func[In, Out]) Do(ctx context.Context, ex Executor, in In) (Out, error) {
	f.needs("Do", ctx, ex)
	if f.streaming != nil {
		return f.stream(ctx, ex, in), nil
	}
	b := &callBundle[In, Out]{call: call[In, Out]{f: f, in: in}}
	c := &b.call
	c.node.Init(&b.ctx, ctx, c)
	// ex in Data tells the executor that it was handed the call by Do itself, and not by a wrapper:
	// only then it may run fn on this goroutine. It takes the mark off.
	c.node.Flags, c.node.Data = task.Joined, ex
	return c.joined(ctx, ex.SubmitCall(&b.ctx, c))
}

// Map calls f on ex for each input and yields the results, as the function [Map] does. Attended:
// Map ends its calls itself when ctx ends, and they need no watch.
//
// The sequence may be ranged over more than once: each loop is a Map of its own, with its own
// context and window.
func (f *Func[In, Out]) Map(ctx context.Context, ex Executor, in iter.Seq[In], opts ...MapOption) iter.Seq2[Out,
	error] {
	f.needs("Map", ctx, ex)
	return mapSeq(ctx, ex, in, func(ctx context.Context, v In) (*Future[Out], error) {
		return f.submitJoined(ctx, ex, v)
	}, opts)
}

// chosen is the codec that f asks for, else c, and strict if f is. A codec that knows no fields by
// name has no such method, and is used unchanged: strict says nothing about it. It is asked on both
// sides, with the executor's codec: where f has one of its own, both use that, whatever they had
// agreed on.
func (f *Func[In, Out]) chosen(c Codec) Codec {
	if f.codec != nil {
		c = f.codec
	}
	if f.strict {
		if named, ok := c.(interface{ DisallowUnknownFields() Codec }); ok {
			return named.DisallowUnknownFields()
		}
	}
	return c
}

// Invoke is the far side of a [Call]: it runs the function of that name, on the caller's goroutine.
// A name that this program does not know is [ErrNoBody]. It neither recovers a panic nor stops a
// Goexit: the executor of the far side does, which knows how its errors travel.
func Invoke(ctx context.Context, name string, c Codec, input []byte) (output []byte, err error) {
	// Lookup gives nil for a name that is not known, and the assertion fails on that too.
	f, ok := functions.Lookup(name).(invoker)
	if !ok {
		return nil, fmt.Errorf("%w: %q is not defined", ErrNoBody, name)
	}
	return f.invoke(ctx, c, input)
}

// invoker is what the table of names, the only global state of the package, holds: a Func without
// its types. Func has methods with its types, which a table for all functions cannot have.
type invoker interface {
	functions.Function
	invoke(ctx context.Context, c Codec, input []byte) ([]byte, error)
}

// named is a Func as the table of names has it: the same memory, with methods that Func does not
// export. A conversion between the two costs nothing, and no method of named shows in the
// documentation of Func.
type named[In, Out any] Func[In, Out]

// HasBody implements functions.Function.
func (n *named[In, Out]) HasBody() bool { return n.body.Load() != nil }

// RecodeInput implements functions.Function.
func (n *named[In, Out]) RecodeInput(dst []byte, to functions.Codec, data []byte, from functions.Codec) ([]byte,
	error,
) {
	return recode[In]((*Func[In, Out])(n), dst, to, data, from)
}

// RecodeOutput implements functions.Function.
func (n *named[In, Out]) RecodeOutput(dst []byte, to functions.Codec, data []byte, from functions.Codec) ([]byte,
	error,
) {
	return recode[Out]((*Func[In, Out])(n), dst, to, data, from)
}

// It is for a broker between two programs with different codecs: only the program that has the
// types can translate. T is In or Out. appendTo needs it: the other side decodes by the static
// type.
func recode[T, In, Out any](f *Func[In, Out], dst []byte, to Codec, data []byte, from Codec) ([]byte, error) {
	var v T
	if err := f.chosen(from).Decode(data, &v); err != nil {
		return dst, fmt.Errorf("quartet: decoding for %q: %w", f.name, err)
	}
	dst, err := appendTo(dst, f.chosen(to), v)
	if err != nil {
		return dst, fmt.Errorf("quartet: encoding for %q: %w", f.name, err)
	}
	return dst, nil
}

func (n *named[In, Out]) invoke(ctx context.Context, c Codec, input []byte) ([]byte, error) {
	f := (*Func[In, Out])(n)
	if f.streaming != nil {
		return nil, fmt.Errorf("quartet: %q streams its result, which this executor cannot carry", f.name)
	}
	c = f.chosen(c)
	var in In
	if err := c.Decode(input, &in); err != nil {
		return nil, fmt.Errorf("quartet: decoding the input of %q: %w", f.name, err)
	}
	out, err := f.Local(ctx, in)
	if err != nil {
		return nil, err
	}
	output, err := appendTo(nil, c, out)
	if err != nil {
		return nil, fmt.Errorf("quartet: encoding the output of %q: %w", f.name, err)
	}
	return output, nil
}
