package procpool_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/procpool"
)

// The crash matrix: each kind of death in each phase of a worker's life, alone and among many calls.
var (
	kindsOfDeath = []string{"panic", "exit", "goexit", "SIGKILL", "SIGSEGV", "overflow", "memory", "SIGSTOP"}
	phases       = []string{"boot", "decode", "run", "encode", "mid-frame", "shutdown"}
)

// dieBy ends this process, or at least tries.
func dieBy(how string) {
	switch how {
	case "panic":
		panic("planted panic")
	case "exit":
		os.Exit(3)
	case "goexit":
		runtime.Goexit()
	case "overflow":
		debug.SetMaxStack(1 << 20)
		deep(1)
	case "memory":
		exhaustMemory()
	default:
		signalSelf(how)
		select {}
	}
}

// deadly is an input that dies, or makes others die.
type deadly struct{ Phase, How string }

func (d deadly) AppendBinary(dst []byte) ([]byte, error) {
	data, err := json.Marshal([]string{d.Phase, d.How})
	return append(dst, data...), err
}

func (d *deadly) UnmarshalBinary(data []byte) error {
	var parts []string
	if err := json.Unmarshal(data, &parts); err != nil {
		return err
	}
	d.Phase, d.How = parts[0], parts[1]
	if d.Phase == "decode" {
		dieBy(d.How)
	}
	return nil
}

// deadlyOutput dies while it is encoded, or while what it was encoded to is written.
type deadlyOutput struct{ deadly }

func (d deadlyOutput) AppendBinary(dst []byte) ([]byte, error) {
	switch d.Phase {
	case "encode":
		dieBy(d.How)
	case "mid-frame":
		go func() {
			for range 100 {
				runtime.Gosched()
			}
			dieBy(d.How)
		}()
		return append(dst, bytes.Repeat([]byte("large"), 4<<20)...), nil
	}
	return append(dst, "fine"...), nil
}

func (d *deadlyOutput) UnmarshalBinary([]byte) error { return nil }

var dies = quartet.Define("dies", func(_ context.Context, d deadly) (deadlyOutput, error) {
	if d.Phase == "run" {
		dieBy(d.How)
	}
	return deadlyOutput{d}, nil
})

// envDeath has the first worker die in boot, or each in its shutdown: "phase how file".
const envDeath = "QUARTET_TEST_DEATH"

func init() {
	phase, rest, ok := strings.Cut(os.Getenv(envDeath), " ")
	if !ok || !procpool.IsWorker() {
		return
	}
	how, file, _ := strings.Cut(rest, " ")
	switch phase {
	case "boot":
		procpool.WorkerInit(func() error {
			if _, err := os.Stat(file); err == nil {
				return nil
			}
			_ = os.WriteFile(file, nil, 0o600)
			dieBy(how)
			return nil
		})
	case "shutdown":
		procpool.WorkerExit(func() { dieBy(how) })
	}
}

func TestCrashMatrix(t *testing.T) {
	for _, phase := range phases {
		for _, how := range kindsOfDeath {
			for _, inFlight := range []int{1, 64} {
				t.Run(fmt.Sprint(phase, " ", how, " ", inFlight), func(t *testing.T) {
					if how == "SIGSTOP" && testing.Short() {
						t.Skip("it takes a second to find")
					}
					leavesNothing(t)
					crash(t, phase, how, inFlight)
				})
			}
		}
	}
}

func crash(t *testing.T, phase, how string, inFlight int) {
	p := newPool(t, procpool.Config{
		Workers: 1, HangTimeout: time.Second, BootTimeout: 2 * time.Second, Grace: 200 * time.Millisecond,
		OnOutput: func(procpool.Line) {},
		Env:      append(os.Environ(), "GORACE=halt_on_error=1 atexit_sleep_ms=0", envDeath+"="+phase+" "+how+" "+t.TempDir()+"/died"),
	})
	began := time.Now()
	var fs []*quartet.Future[int]
	around := func() {
		for i := range (inFlight - 1) / 2 {
			fs = append(fs, double.Go(bounded(t), p, i))
		}
	}
	around()
	victim := dies.Go(bounded(t), p, deadly{phase, how})
	around()
	_, err := victim.Await(bounded(t))
	checkFate(t, phase, how, err)
	_, err = quartet.AwaitAll(bounded(t), fs...)
	require.NoError(t, err, "nobody else fails")
	v, err := double.Do(bounded(t), p, 21)
	require.NoError(t, err, "the pool goes on")
	require.Equal(t, 42, v)
	require.NoError(t, p.Shutdown(bounded(t)))
	s := p.Stats()
	require.Equal(t, s.Submitted, s.Done+s.Failed)
	require.LessOrEqual(t, s.Failed, uint64(1))
	if took := time.Since(began); took > 20*time.Second { // a hang, and no slow machine
		t.Errorf("it took %v", took)
	}
}

func checkFate(t *testing.T, phase, how string, err error) {
	t.Helper()
	if phase == "boot" || phase == "shutdown" {
		require.NoError(t, err, "the call is not concerned")
		return
	}
	var lost *procpool.WorkerLostError
	if how == "goexit" && phase == "mid-frame" {
		require.NoError(t, err, "it has ended the goroutine, and nothing else")
		return
	}
	if (how == "panic" || how == "goexit") && phase != "mid-frame" {
		require.Error(t, err)
		require.False(t, errors.As(err, &lost), "nothing is lost by a %s: %v", how, err)
		return
	}
	require.ErrorAs(t, err, &lost)
	require.Equal(t, "dies", lost.Func)
	require.True(t, lost.Victim)
	if how == "SIGSTOP" {
		require.ErrorIs(t, err, procpool.ErrHung)
	}
}

// 64 MiB both ways at once, under full windows: nobody waits for the other for ever.
func TestLargeBodiesBothWaysAtOnce(t *testing.T) {
	leavesNothing(t)
	size := 64 << 20
	if testing.Short() {
		size = 8 << 20
	}
	p := newPool(t, procpool.Config{Workers: 2})
	body := bytes.Repeat([]byte("0123456789abcdef"), size/16)
	var large []*quartet.Future[[]byte]
	var small []*quartet.Future[int]
	for range 4 {
		for i := range 300 {
			small = append(small, double.Go(bounded(t), p, i))
		}
		large = append(large, bytes_.Go(bounded(t), p, body))
	}
	_, err := quartet.AwaitAll(bounded(t), small...)
	require.NoError(t, err)
	for _, f := range large {
		out, err := f.Await(bounded(t))
		require.NoError(t, err)
		require.True(t, bytes.Equal(body, out))
	}
}

// A grandchild that keeps standard output open keeps nobody waiting.
func TestGrandchildThatKeepsOutputOpen(t *testing.T) {
	p := newPool(t, procpool.Config{Workers: 1})
	_, err := escapes.Do(bounded(t), p, none{})
	require.NoError(t, err)
	_, err = die.Do(bounded(t), p, "SIGKILL")
	var lost *procpool.WorkerLostError
	require.ErrorAs(t, err, &lost)
	require.NoError(t, p.Shutdown(bounded(t)))
}
