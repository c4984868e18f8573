package quartet

import (
	"context"
	"fmt"
	"iter"
	"reflect"
	"sync"
	"sync/atomic"
)

// Func is a function with a name, so that a call of it can travel to another process. Make one with [Define] or
// [Declare], usually as a package-level variable. Its methods may be called from any goroutine.
type Func[In, Out any] struct {
	name       string
	idempotent bool
	codec      Codec // nil: the executor's
	body       atomic.Pointer[func(context.Context, In) (Out, error)]
}

// DefineOption is an option of [Define] and [Declare].
type DefineOption func(*defineOptions)

type defineOptions struct {
	idempotent bool
	codec      Codec
}

// WithCodec has inputs and outputs of this function travel in c, in place of the codec that the executor chooses. It
// panics on a nil c.
func WithCodec(c Codec) DefineOption {
	if c == nil {
		panic("quartet: WithCodec of a nil Codec")
	}
	return func(o *defineOptions) { o.codec = c }
}

// Idempotent says that running the function twice does no harm: an executor that lost a running call may try it again.
func Idempotent() DefineOption { return func(o *defineOptions) { o.idempotent = true } }

// invoker is what the table of names holds: a Func without its types.
type invoker interface {
	invoke(ctx context.Context, c Codec, input []byte) ([]byte, error)
}

// names is the table of defined names, the only global state of the package.
var names sync.Map // string → invoker

// Define names a function. It panics on an empty or repeated name, on a nil fn, and on types that cannot travel, naming
// the field: channels, functions, interfaces, complex numbers, uintptr and unsafe.Pointer, structs with unexported fields,
// maps whose keys are neither strings, integers nor text marshalers, and what is made of these; a type that encodes itself
// may be any of them. Names are for the whole program and stay, so call it for package-level variables.
func Define[In, Out any](name string, fn func(context.Context, In) (Out, error), opts ...DefineOption) *Func[In, Out] {
	if fn == nil {
		panic(fmt.Sprintf("quartet: Define(%q) of a nil func", name))
	}
	f := Declare[In, Out](name, opts...)
	f.body.Store(&fn)
	return f
}

// Declare names a function whose body comes later, with [Func.Body], or lives elsewhere: in a worker of another
// language. Until then a [Runner] answers its calls with [ErrNoBody]. It panics as Define does.
func Declare[In, Out any](name string, opts ...DefineOption) *Func[In, Out] {
	if name == "" {
		panic("quartet: a defined function needs a name")
	}
	for _, t := range []reflect.Type{reflect.TypeFor[In](), reflect.TypeFor[Out]()} {
		if err := checkTravel(t); err != nil {
			panic(fmt.Sprintf("quartet: Define(%q): %v", name, err))
		}
	}
	var o defineOptions
	for _, opt := range opts {
		opt(&o)
	}
	f := &Func[In, Out]{name: name, idempotent: o.idempotent, codec: o.codec}
	if _, taken := names.LoadOrStore(name, f); taken {
		panic(fmt.Sprintf("quartet: the name %q is defined already", name))
	}
	return f
}

// Body gives a declared function its body; a recursive one needs this. It panics when there is one already.
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

// Local is a plain call here, on the caller's goroutine. Without a body it returns [ErrNoBody].
func (f *Func[In, Out]) Local(ctx context.Context, in In) (Out, error) {
	body := f.body.Load()
	if body == nil {
		return *new(Out), fmt.Errorf("%w: %q", ErrNoBody, f.name)
	}
	return (*body)(ctx, in)
}

// Go submits a call of f to ex and returns its future, as the function [Go] does.
func (f *Func[In, Out]) Go(ctx context.Context, ex Executor, in In) *Future[Out] {
	return f.submit(ctx, ex, in, false)
}

// submit is Go. joined: the caller waits for the future at once.
func (f *Func[In, Out]) submit(ctx context.Context, ex Executor, in In, joined bool) *Future[Out] {
	c := &call[In, Out]{f: f, in: in}
	c.node.Init(ctx, c)
	c.node.Joined = joined
	if err := ex.SubmitCall(c.node.Context(), c); err != nil {
		c.fail(err)
	}
	return &c.Future
}

// Do calls f on ex and returns when f has returned or never will start, as the function [Do] does.
func (f *Func[In, Out]) Do(ctx context.Context, ex Executor, in In) (Out, error) {
	return f.submit(ctx, ex, in, true).join(ctx)
}

// Map calls f on ex for each input and yields the results, as the function [Map] does.
func (f *Func[In, Out]) Map(ctx context.Context, ex Executor, in iter.Seq[In], opts ...MapOption) iter.Seq2[Out, error] {
	return mapSeq(ctx, ex, in, func(ctx context.Context, v In) *Future[Out] { return f.Go(ctx, ex, v) }, opts)
}

// chosen is the codec that f asks for, else c.
func (f *Func[In, Out]) chosen(c Codec) Codec {
	if f.codec != nil {
		return f.codec
	}
	return c
}

func (f *Func[In, Out]) invoke(ctx context.Context, c Codec, input []byte) ([]byte, error) {
	c = f.chosen(c)
	var in In
	if err := c.Decode(input, &in); err != nil {
		return nil, fmt.Errorf("quartet: decoding the input of %q: %w", f.name, err)
	}
	out, err := f.Local(ctx, in)
	if err != nil {
		return nil, err
	}
	output, err := c.Append(nil, out)
	if err != nil {
		return nil, fmt.Errorf("quartet: encoding the output of %q: %w", f.name, err)
	}
	return output, nil
}

// Invoke is the far side of a [Call]: it runs the function of that name, on the caller's goroutine. A name that this
// program does not know is [ErrNoBody].
func Invoke(ctx context.Context, name string, c Codec, input []byte) (output []byte, err error) {
	f, ok := names.Load(name)
	if !ok {
		return nil, fmt.Errorf("%w: %q is not defined", ErrNoBody, name)
	}
	return f.(invoker).invoke(ctx, c, input)
}
