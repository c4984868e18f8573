package procpool_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/internal/executortest"
	"github.com/quartet-go/quartet/procpool"
)

// The crash matrix: each kind of death in each phase of a worker's life, alone and among many
// calls.
var (
	kindsOfDeath = []string{"panic", "exit", "goexit", "SIGKILL", "SIGSEGV", "overflow", "memory", "SIGSTOP"}
	phases       = []string{"boot", "decode", "run", "encode", "mid-copy", "mid-frame", "shutdown"}
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
		panic(deep(1))
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

// deadlyOutput dies while it is encoded, or while its encoding is written.
type deadlyOutput struct{ deadly }

func (d deadlyOutput) AppendBinary(dst []byte) ([]byte, error) {
	switch d.Phase {
	case "encode":
		dieBy(d.How)
	case "mid-copy": // into shared memory
		go dieBy(d.How)
		return append(dst, bytes.Repeat([]byte("large"), 4<<20)...), nil
	case "mid-frame": // shared memory has no room for it
		go func() {
			awaitWriting()
			dieBy(d.How)
		}()
		return append(dst, bytes.Repeat([]byte("larger"), 12<<20)...), nil
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

// awaitWriting returns when a goroutine of this worker is writing frames into the pipe.
func awaitWriting() {
	stacks := make([]byte, 1<<20)
	for !bytes.Contains(stacks[:runtime.Stack(stacks, true)], []byte("os.(*File).Write")) {
		runtime.Gosched()
	}
}

// deathWatch is an error that is decoded when the worker that returned it has ended. Until then the
// pool reads nothing from that worker: a frame that is longer than the pipe stays unfinished.
type deathWatch struct{ Addr string }

func (e *deathWatch) Error() string { return "the worker at " + e.Addr + " has ended" }

func (e *deathWatch) UnmarshalJSON(data []byte) error {
	if err := json.Unmarshal(data, &e.Addr); err != nil {
		return err
	}
	conn, err := net.Dial("tcp", e.Addr)
	if err != nil {
		return nil // it has ended already
	}
	defer func() { _ = conn.Close() }()
	_, _ = io.Copy(io.Discard, conn)
	return nil
}

func (e *deathWatch) MarshalJSON() ([]byte, error) { return json.Marshal(e.Addr) }

// listening keeps the listener open as long as the worker lives.
var listening net.Listener

var watchDeath = quartet.Define("watchDeath", func(context.Context, none) (none, error) {
	var err error
	if listening, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		return none{}, err
	}
	return none{}, &deathWatch{listening.Addr().String()}
})

// envDeath has the first worker die in boot, or each in its shutdown: "phase how file".
const envDeath = "QUARTET_TEST_DEATH"

func init() {
	procpool.RegisterErrorType[*deathWatch]("procpool_test.deathWatch")
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

// Without -long, deaths that take a second to find are tried in one phase, and all of them among
// many calls alone.
func TestCrashMatrix(t *testing.T) {
	leavesNothing(t)
	among := []int{64}
	if executortest.Long() {
		among = []int{1, 64}
	}
	for _, phase := range phases {
		for _, how := range kindsOfDeath {
			if slow := how == "SIGSTOP" || how == "memory"; slow && phase != "run" && !executortest.Long() {
				continue
			}
			for _, inFlight := range among {
				t.Run(fmt.Sprint(phase, " ", how, " ", inFlight), func(t *testing.T) {
					t.Parallel()
					crash(t, phase, how, inFlight)
				})
			}
		}
	}
}

// foundAfter is the HangTimeout for a kind of death: short for those that only it finds, since a
// busy machine may stop a worker that is well.
func foundAfter(how string) time.Duration {
	if how == "SIGSTOP" || how == "memory" {
		return time.Second
	}
	return 0
}

func crash(t *testing.T, phase, how string, inFlight int) {
	cfg := procpool.Config{
		Workers: 1, HangTimeout: foundAfter(how), Grace: 200 * time.Millisecond, OnOutput: func(procpool.Line) {},
		Env: append(os.Environ(), "GORACE=halt_on_error=1 atexit_sleep_ms=0",
			envDeath+"="+phase+" "+how+" "+t.TempDir()+"/died"),
	}
	if phase == "boot" {
		cfg.BootTimeout = 2 * time.Second
	}
	p := newPool(t, cfg)
	began := time.Now()
	var fs []*quartet.Future[int]
	around := func() {
		for i := range (inFlight - 1) / 2 {
			fs = append(fs, double.Go(bounded(t), p, i))
		}
	}
	around()
	var watch *quartet.Future[none]
	if phase == "mid-frame" && how != "goexit" { // which ends no worker
		watch = watchDeath.Go(bounded(t), p, none{})
	}
	victim := dies.Go(bounded(t), p, deadly{phase, how})
	around()
	_, err := victim.Await(bounded(t))
	checkFate(t, phase, how, err)
	failures := 1
	if watch != nil {
		_, err = watch.Await(bounded(t))
		require.ErrorAs(t, err, new(*deathWatch))
		failures = 2
	}
	_, err = quartet.AwaitAll(bounded(t), fs...)
	require.NoError(t, err, "nobody else fails")
	v, err := double.Do(bounded(t), p, 21)
	require.NoError(t, err, "the pool goes on")
	require.Equal(t, 42, v)
	require.NoError(t, p.Shutdown(bounded(t)))
	s := p.Stats()
	require.Equal(t, s.Submitted, s.Done+s.Failed)
	require.LessOrEqual(t, s.Failed, uint64(failures))
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
	inWriting := phase == "mid-frame" || phase == "mid-copy"
	if how == "goexit" && inWriting {
		require.NoError(t, err, "it has ended the goroutine, and nothing else")
		return
	}
	if phase == "mid-copy" && err == nil {
		return // the copy has been faster than the death
	}
	if (how == "panic" || how == "goexit") && !inWriting {
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

// Large bodies both ways at once, under full windows: nobody waits for the other for ever.
func TestLargeBodiesBothWaysAtOnce(t *testing.T) {
	leavesNothing(t)
	size := 8 << 20
	if executortest.Long() {
		size = 64 << 20
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
	t.Parallel()
	p := newPool(t, procpool.Config{Workers: 1})
	_, err := escapes.Do(bounded(t), p, none{})
	require.NoError(t, err)
	_, err = die.Do(bounded(t), p, "SIGKILL")
	var lost *procpool.WorkerLostError
	require.ErrorAs(t, err, &lost)
	require.NoError(t, p.Shutdown(bounded(t)))
}
