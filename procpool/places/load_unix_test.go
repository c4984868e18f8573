//go:build unix

package places_test

import (
	"context"
	"os"
	"os/exec"
	"os/signal"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/internal/executortest"
	"github.com/quartet-go/quartet/procpool"
)

// foreignDouble is double in scripts.
var foreignDouble = quartet.Declare[int, int]("foreign.double")

// counted counts the outcomes of the calls that go through it, as their submitter sees them.
type counted struct {
	quartet.Executor
	refused, accepted, ok, failed, abandoned atomic.Uint64
}

func (c *counted) Unwrap() quartet.Executor { return c.Executor }

func (c *counted) SubmitCall(ctx context.Context, call quartet.Call) error {
	err := c.Executor.SubmitCall(ctx, &countedCall{call, c})
	if err != nil {
		c.refused.Add(1)
	} else {
		c.accepted.Add(1)
	}
	return err
}

type countedCall struct {
	quartet.Call
	by *counted
}

func (c *countedCall) Unwrap() quartet.Call { return c.Call }

func (c *countedCall) Resolve(output []byte, codec quartet.Codec, err error) {
	if err != nil {
		c.by.failed.Add(1)
	} else {
		c.by.ok.Add(1)
	}
	c.Call.Resolve(output, codec, err)
}

func (c *countedCall) Abandon(cause error) {
	c.by.abandoned.Add(1)
	c.Call.Abandon(cause)
}

// signalAll sends s to this process and the workers of p, as systemd and a container's runtime do.
// A worker without an ended call is left out: an interpreter that starts up can be killed. It
// returns how many workers have got it.
func signalAll(p *procpool.Pool, s syscall.Signal) (workers int64) {
	for _, w := range p.Workers() {
		if w.PID > 0 && w.Calls > 0 && syscall.Kill(w.PID, s) == nil {
			workers++
		}
	}
	_ = syscall.Kill(os.Getpid(), s)
	return workers
}

// A deploy in the middle of the load: signals reach all processes again and again, then the program
// shuts its pool down. Every call that was accepted ends exactly once, and well, unless the
// shutdown has no time for it. With -long each kind of worker gets 10,000 calls.
func TestSignalsUnderLoad(t *testing.T) {
	hears := make(chan os.Signal, 1)
	for _, s := range groupSignals {
		signal.Notify(hears, s) // they would end this process
	}
	defer signal.Stop(hears)
	for _, k := range []struct {
		name  string
		cfg   procpool.Config
		f     *quartet.Func[int, int]
		calls int
	}{
		{"go", procpool.Config{}, double, 10_000},
		{"python", procpool.Python("../testdata/functions.py"), foreignDouble, 1000},
		{"node", procpool.Node("../testdata/functions.js"), foreignDouble, 1000},
	} {
		if executortest.Long() {
			k.calls = 10_000
		}
		k.cfg.Workers, k.cfg.Queue = 2, k.calls
		t.Run(k.name+" drains", func(t *testing.T) {
			c := signalsUnderLoad(t, k.cfg, k.f, k.calls, func(p *procpool.Pool) error {
				return p.Shutdown(bounded(t))
			})
			require.Zero(t, c.failed.Load())
			require.Zero(t, c.abandoned.Load())
		})
		t.Run(k.name+" has no time", func(t *testing.T) {
			c := signalsUnderLoad(t, k.cfg, k.f, k.calls, (*procpool.Pool).Close)
			require.NotZero(t, c.ok.Load())
		})
	}
}

// signalsUnderLoad makes calls from several goroutines, of which the last tenth may be refused
// since end has begun.
func signalsUnderLoad(
	t *testing.T, cfg procpool.Config, f *quartet.Func[int, int], calls int, end func(*procpool.Pool) error,
) *counted {
	if len(cfg.Command) > 0 && exec.Command(cfg.Command[0], "--version").Run() != nil {
		t.Skip(cfg.Command[0], " is not installed here")
	}
	p := newPool(t, cfg)
	require.NoError(t, p.Ready(bounded(t)))
	c := &counted{Executor: p}
	const submitters = 8
	ahead := calls / submitters / 4 // so many calls of each are in flight
	ctx, ended := bounded(t), make(chan error, 1)
	var made, signals atomic.Int64
	var all sync.WaitGroup
	for range submitters {
		all.Go(func() {
			var fs []*quartet.Future[int]
			for range calls / submitters {
				n := int(made.Add(1))
				if n%(calls/20) == 0 {
					signals.Add(signalAll(p, groupSignals[n/(calls/20)%3]))
				}
				if n == calls/10*9 {
					signals.Add(signalAll(p, syscall.SIGTERM))
					go func() { ended <- end(p) }()
				}
				fs = append(fs, f.Go(ctx, c, n))
				if len(fs) > ahead {
					<-fs[len(fs)-ahead].Done()
				}
			}
			for _, f := range fs {
				<-f.Done()
			}
		})
	}
	all.Wait()
	require.NoError(t, <-ended)
	require.NotZero(t, signals.Load())
	require.NotContains(t, p.Restarts(), "crashed", "a call seldom runs when its worker gets a signal")
	require.EqualValues(t, calls, c.accepted.Load()+c.refused.Load())
	require.Equal(t, c.accepted.Load(), c.ok.Load()+c.failed.Load()+c.abandoned.Load())
	s := p.Stats()
	require.Equal(t, c.accepted.Load(), s.Submitted)
	require.Equal(t, s.Submitted, s.Done+s.Failed+s.Abandoned)
	t.Logf("%d calls, %d signals to workers: %d accepted = %d ok + %d failed + %d abandoned; %d refused", calls,
		signals.Load(), c.accepted.Load(), c.ok.Load(), c.failed.Load(), c.abandoned.Load(), c.refused.Load())
	return c
}
