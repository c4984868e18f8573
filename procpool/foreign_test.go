package procpool_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/procpool"
)

type point struct {
	X, Y  int
	Name  string
	Tags  []string
	Inner map[string]float64
}

var (
	foreignDouble = quartet.Declare[int, int]("foreign.double")
	foreignEcho   = quartet.Declare[point, point]("foreign.echo")
	foreignPrint  = quartet.Declare[string, int]("foreign.print")
	foreignFails  = quartet.Declare[string, int]("foreign.fails")
	foreignDie    = quartet.Declare[string, int]("foreign.die")
	foreignSlow   = quartet.Declare[none, int]("foreign.slow")
	foreignSpin   = quartet.Declare[string, int]("foreign.spin")
	foreignPID    = quartet.Declare[none, int]("foreign.pid")
	foreignAbsent = quartet.Declare[int, int]("foreign.absent")
)

// foreignBytes is foreign.echo for bytes: a name has one type here, and any in Python.
type foreignBytes struct {
	quartet.Call
	in, out []byte
	err     error
	done    chan struct{}
}

func (c *foreignBytes) Name() string { return "foreign.echo" }
func (c *foreignBytes) AppendInput(dst []byte, codec quartet.Codec) ([]byte, error) {
	return codec.Append(dst, c.in)
}
func (c *foreignBytes) Run(context.Context) {}
func (c *foreignBytes) Abandon(cause error) { c.err = cause; close(c.done) }
func (c *foreignBytes) Resolve(output []byte, codec quartet.Codec, err error) {
	if c.err = err; err == nil {
		c.err = codec.Decode(output, &c.out)
	}
	close(c.done)
}

// needsProgram skips a test whose workers cannot be started here.
func needsProgram(t *testing.T, cfg procpool.Config) {
	known, _ := programs.LoadOrStore(cfg.Command[0], sync.OnceValue(exec.Command(cfg.Command[0], "--version").Run))
	if err := known.(func() error)(); err != nil {
		t.Skipf("%s is not installed here: %v", cfg.Command[0], err)
	}
}

var programs sync.Map // by name: a func() error, which says why it does not run

// eachRuntime runs a test with the workers of each language that is installed here, beside other
// tests.
func eachRuntime(t *testing.T, run func(t *testing.T, cfg procpool.Config)) {
	t.Parallel()
	for _, l := range []struct {
		name string
		cfg  procpool.Config
	}{
		{"python", procpool.Python("testdata/functions.py")},
		{"node", procpool.Node("testdata/functions.js")},
		{"node pipelined", procpool.Node("testdata/functions.js")},
	} {
		t.Run(l.name, func(t *testing.T) {
			t.Parallel()
			needsProgram(t, l.cfg)
			l.cfg.Pipelined = l.name == "node pipelined"
			if l.cfg.OnOutput == nil {
				l.cfg.OnOutput = func(procpool.Line) {}
			}
			run(t, l.cfg)
		})
	}
}

func TestForeignCalls(t *testing.T) {
	eachRuntime(t, func(t *testing.T, cfg procpool.Config) {
		cfg.Workers = 2
		p := newPool(t, cfg)
		v, err := foreignDouble.Do(bounded(t), p, 21)
		require.NoError(t, err)
		require.Equal(t, 42, v)
		in := point{1, -2, "a “name”\n", []string{"x"}, map[string]float64{"pi": 3.25}}
		out, err := foreignEcho.Do(bounded(t), p, in)
		require.NoError(t, err)
		require.Equal(t, in, out)
		worker, err := foreignPID.Do(bounded(t), p, none{})
		require.NoError(t, err)
		require.NotEqual(t, os.Getpid(), worker)
		i := 0
		for v, err := range foreignDouble.Map(bounded(t), p, func(yield func(int) bool) {
			for i := range 2000 {
				if !yield(i) {
					return
				}
			}
		}) {
			require.NoError(t, err)
			require.Equal(t, 2*i, v)
			i++
		}
		require.Equal(t, 2000, i)
		_, err = foreignAbsent.Do(bounded(t), p, 1)
		require.ErrorIs(t, err, quartet.ErrNoBody)
		require.ErrorContains(t, err, "foreign.absent")
		require.NoError(t, p.Shutdown(bounded(t)))
		require.Zero(t, p.Stats().Rejected)
	})
}

// Bytes travel as they are, also a lot of them, both ways.
func TestForeignBytes(t *testing.T) {
	eachRuntime(t, func(t *testing.T, cfg procpool.Config) {
		cfg.Workers = 1
		p := newPool(t, cfg)
		for _, size := range []int{0, 1, 70_000, 3 << 20} {
			c := &foreignBytes{in: bytes.Repeat([]byte("\x00\xffquartet"), size/9+1)[:size], done: make(chan struct{})}
			require.NoError(t, p.SubmitCall(bounded(t), c))
			<-c.done
			require.NoError(t, c.err)
			require.True(t, bytes.Equal(c.in, c.out), size)
		}
	})
}

func TestForeignErrors(t *testing.T) {
	eachRuntime(t, func(t *testing.T, cfg procpool.Config) {
		p := newPool(t, cfg)
		_, err := foreignFails.Do(bounded(t), p, "luck")
		var foreign *procpool.ForeignError
		require.ErrorAs(t, err, &foreign)
		require.Contains(t, []string{"ValueError", "TypeError"}, foreign.Type)
		require.Equal(t, "no luck", foreign.Message)
		require.Contains(t, foreign.Stack, "functions.")
		require.EqualError(t, err, foreign.Type+": no luck")
		_, err = foreignFails.Do(bounded(t), p, "known")
		require.ErrorIs(t, err, errKnown)
		_, err = foreignFails.Do(bounded(t), p, "unencodable")
		require.ErrorAs(t, err, &foreign)
		require.NotEmpty(t, p.PIDs(), "no worker was lost")
	})
}

func TestForeignOutput(t *testing.T) {
	eachRuntime(t, func(t *testing.T, cfg procpool.Config) {
		hook, next := lines()
		cfg.OnOutput = hook
		p := newPool(t, cfg)
		n, err := foreignPrint.Do(bounded(t), p, "hello")
		require.NoError(t, err)
		require.Equal(t, 5, n)
		require.Equal(t, "hello", next(t))
		require.Equal(t, "\x00\x01 not a frame", next(t))
	})
}

func TestForeignCancellation(t *testing.T) {
	eachRuntime(t, func(t *testing.T, cfg procpool.Config) {
		hook, next := lines()
		cfg.OnOutput, cfg.Workers = hook, 1
		p := newPool(t, cfg)
		f := foreignSlow.Go(context.Background(), p, none{})
		require.Equal(t, "started", next(t))
		behind := foreignDouble.Go(context.Background(), p, 21)
		require.False(t, f.Cancel(errKnown))
		_, err := f.Await(bounded(t))
		require.NoError(t, err, "it has returned a value")
		v, err := behind.Await(bounded(t))
		require.NoError(t, err)
		require.Equal(t, 42, v)
	})
}

// A crash costs one call where there is a ledger, or one in flight, and at most the calls in flight
// else.
func TestForeignCrash(t *testing.T) {
	eachRuntime(t, func(t *testing.T, cfg procpool.Config) {
		cfg.Workers = 1
		p := newPool(t, cfg)
		for _, how := range []string{"exit", "SIGKILL"} {
			var fs []*quartet.Future[int]
			for i := range 63 {
				fs = append(fs, foreignDouble.Go(bounded(t), p, i))
			}
			victim := foreignDie.Go(bounded(t), p, how)
			for i := range 63 {
				fs = append(fs, foreignDouble.Go(bounded(t), p, i))
			}
			_, err := victim.Await(bounded(t))
			var lost *procpool.WorkerLostError
			require.ErrorAs(t, err, &lost)
			require.Equal(t, "foreign.die", lost.Func)
			if how == "exit" {
				require.Equal(t, 3, lost.ExitCode)
				require.Equal(t, "last words", string(lost.Stderr))
			}
			for i, f := range fs {
				v, err := f.Await(bounded(t))
				if cfg.Pipelined && errors.As(err, &lost) {
					continue
				}
				require.NoError(t, err)
				require.Equal(t, 2*(i%63), v)
			}
		}
	})
}

// A call behind one that never ends keeps its own ctx, whether it was sent ahead or came later.
func TestCallsBehindAnEndlessOneAreNotStuck(t *testing.T) {
	t.Parallel()
	cfg := procpool.Python("testdata/functions.py")
	needsProgram(t, cfg)
	cfg.Workers, cfg.Grace = 1, time.Millisecond
	for _, how := range []string{"compute", "sleep"} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			p := newPool(t, cfg)
			ctx := bounded(t)
			for range 20 { // so that the worker looks quick
				_, err := foreignSpin.Do(ctx, p, "")
				require.NoError(t, err)
			}
			endless := foreignSpin.Go(ctx, p, how)
			for _, after := range []time.Duration{0, 10 * time.Millisecond} {
				time.Sleep(after)
				soon, cancel := context.WithTimeout(ctx, 100*time.Millisecond)
				_, err := foreignDouble.Do(soon, p, 1)
				cancel()
				require.ErrorIs(t, err, context.DeadlineExceeded)
			}
			_, err := endless.Result()
			require.ErrorIs(t, err, quartet.ErrPending)
		})
	}
}
