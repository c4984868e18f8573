package natspool_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/internal/executortest"
	"github.com/quartet-go/quartet/natspool"
)

// rounds is full with -long.
func rounds(short, full int) int {
	if executortest.Long() {
		return full
	}
	return short
}

// load calls noted and again from many goroutines until stopped, and accounts for every call.
type load struct {
	t    *testing.T
	pool *natspool.Pool
	file string
	stop chan struct{}
	done sync.WaitGroup

	mu     sync.Mutex
	next   int
	counts map[string]int
	twice  map[int]bool // may have been started twice: of an Idempotent function
	good   []int
	bad    []error
}

// startLoad begins a load of which every fourth call is Idempotent.
func startLoad(t *testing.T, nc *nats.Conn, millis int) *load { return startLoadOf(t, nc, millis, 4) }

// startLoadOf begins one of which one in so many is; 0: none, so that each lost node costs a call.
func startLoadOf(t *testing.T, nc *nats.Conn, millis, every int) *load {
	p, err := natspool.New(nc, faultPool())
	require.NoError(t, err)
	l := &load{
		t: t, pool: p, file: filepath.Join(t.TempDir(), "ledger"), stop: make(chan struct{}),
		counts: map[string]int{}, twice: map[int]bool{},
	}
	for worker := range 16 {
		l.done.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-l.stop:
					return
				default:
					l.call(every > 0 && (worker+i)%every == 0, millis)
				}
			}
		})
	}
	return l
}

// runs waits until so many more calls have come back with a result.
func (l *load) runs(more int) { l.waitFor("good", l.count("good")+more) }

// keepsBusy waits until every node runs a call, of so many nodes.
func (l *load) keepsBusy(nodes int) {
	l.t.Helper()
	require.Eventually(l.t, func() bool {
		infos, err := l.pool.Nodes(l.t.Context())
		require.NoError(l.t, err)
		busy := 0
		for _, n := range infos {
			busy += min(n.Running, 1)
		}
		return busy == nodes
	}, time.Minute, time.Millisecond, "a node gets nothing")
}

func (l *load) count(outcome string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.counts[outcome]
}

// waitFor waits until so many calls have had that outcome.
func (l *load) waitFor(outcome string, calls int) {
	l.t.Helper()
	require.Eventually(l.t, func() bool { return l.count(outcome) >= calls }, time.Minute, time.Millisecond,
		"the load does not get on: %s", outcome)
}

// countsAllLost waits until each call that the pool has failed is counted here. The pool counts the
// calls of one lost node together. A call that failed otherwise is named when the load ends.
func (l *load) countsAllLost() {
	l.t.Helper()
	all := func() bool { return l.count("lost")+l.count("bad") == int(l.pool.Stats().Failed) }
	require.Eventually(l.t, all, time.Minute, time.Millisecond, "a lost call has not come back")
}

func (l *load) call(idempotent bool, millis int) {
	l.mu.Lock()
	l.next++
	id := l.next
	l.twice[id] = idempotent
	l.mu.Unlock()
	f := noted
	if idempotent {
		f = again
	}
	_, err := f.Do(context.Background(), l.pool, note{ID: id, File: l.file, Millis: millis})
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case err == nil:
		l.counts["good"]++
		l.good = append(l.good, id)
	case is[*natspool.NodeLostError](err):
		l.counts["lost"]++
	default:
		l.counts["bad"]++
		l.bad = append(l.bad, err)
	}
}

func is[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}

// end stops the load, and checks that every call has ended once, and none was started twice.
func (l *load) end() {
	close(l.stop)
	ended := make(chan struct{})
	go func() { l.done.Wait(); close(ended) }()
	select {
	case <-ended:
	case <-time.After(faultLost + 30*time.Second):
		l.t.Fatal("calls hang")
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	require.NoError(l.t, l.pool.Shutdown(ctx))
	require.Empty(l.t, l.bad)
	s := l.pool.Stats()
	require.EqualValues(l.t, l.next, s.Submitted)
	require.Equal(l.t, s.Submitted, s.Done+s.Failed+s.Abandoned)
	require.EqualValues(l.t, l.counts["good"], s.Done)
	require.EqualValues(l.t, l.counts["lost"], s.Failed)
	notes := readLedger(l.t, l.file)
	for id, n := range notes["begun"] {
		require.True(l.t, n == 1 || l.twice[id] && n <= 3, "call %d was started %d times", id, n)
	}
	for _, id := range l.good {
		require.GreaterOrEqual(l.t, notes["ended"][id], 1, "call %d has a result, and has not ended", id)
	}
	l.t.Logf("%d calls: %d good, %d lost with their nodes; %d started", l.next, l.counts["good"], l.counts["lost"],
		len(notes["begun"]))
}

func serverProcess(t testing.TB, dir, addr string) *process {
	return startRole(t, "server", "NATSPOOL_DIR="+dir, "NATSPOOL_ADDR="+addr)
}

func nodeProcess(t testing.TB, url string) *process { return startRole(t, "node", "NATSPOOL_URL="+url) }

func client(t testing.TB, url string) *nats.Conn {
	nc := connect(url)
	t.Cleanup(nc.Close)
	return nc
}

func TestFaultNodesKilled(t *testing.T) {
	srv := serverProcess(t, t.TempDir(), "127.0.0.1:0")
	nodes := []*process{nodeProcess(t, srv.said), nodeProcess(t, srv.said), nodeProcess(t, srv.said)}
	l := startLoad(t, client(t, srv.said), 5)
	for range rounds(3, 200) {
		time.Sleep(time.Duration(rand.IntN(300)) * time.Millisecond)
		i := rand.IntN(len(nodes))
		nodes[i].kill()
		nodes[i] = nodeProcess(t, srv.said)
	}
	l.end()
	require.Positive(t, l.counts["good"])
}

func TestFaultServerRestarted(t *testing.T) {
	for name, storage := range map[string]natspool.Storage{"file": natspool.File, "memory": natspool.Memory} {
		t.Run(name, func(t *testing.T) {
			faultStorage = storage
			defer func() { faultStorage = natspool.Memory }()
			dir := t.TempDir()
			srv := serverProcess(t, dir, "127.0.0.1:0")
			url := srv.said
			nodeProcess(t, url)
			nodeProcess(t, url)
			l := startLoad(t, client(t, url), 5)
			for range rounds(1, 20) {
				l.runs(50)
				srv.kill()
				srv = serverProcess(t, dir, url[len("nats://"):])
				l.runs(50)
			}
			l.end()
			require.Zero(t, l.counts["lost"], "no node was lost")
		})
	}
}

func TestFaultCallerKilled(t *testing.T) {
	srv := serverProcess(t, t.TempDir(), "127.0.0.1:0")
	nodeProcess(t, srv.said)
	file := filepath.Join(t.TempDir(), "ledger")
	nc := client(t, srv.said)
	p, err := natspool.New(nc, faultPool())
	require.NoError(t, err)
	defer p.Close()
	const calls = 20
	caller := startRole(t, "caller", "NATSPOOL_URL="+srv.said, "NATSPOOL_FILE="+file,
		fmt.Sprint("NATSPOOL_CALLS=", calls))
	require.Eventually(t, func() bool { return len(readLedger(t, file)["begun"]) >= faultSlots }, 20*time.Second,
		10*time.Millisecond)
	caller.kill()
	require.Eventually(t, func() bool { return waiting(t, nc) == 0 && running(t, p) == 0 }, 20*time.Second,
		50*time.Millisecond)
	notes := readLedger(t, file)
	for id, n := range notes["begun"] {
		require.Equal(t, 1, n)
		require.Equal(t, 1, notes["ended"][id]+notes["orphaned"][id], id)
	}
	require.NotEmpty(t, notes["orphaned"])
	v, err := half.Do(t.Context(), p, 2) // the node is free for others
	require.NoError(t, err)
	require.Equal(t, 1, v)
}

// The calls of a Detached pool go on without it: each is started once, and an Idempotent one again
// when its node dies.
func TestFaultDetached(t *testing.T) {
	srv := serverProcess(t, t.TempDir(), "127.0.0.1:0")
	first := nodeProcess(t, srv.said)
	file := filepath.Join(t.TempDir(), "ledger")
	nc := client(t, srv.said)
	const calls = 4
	caller := startRole(t, "caller", "NATSPOOL_DETACHED=1", "NATSPOOL_URL="+srv.said, "NATSPOOL_FILE="+file,
		fmt.Sprint("NATSPOOL_CALLS=", calls))
	require.Eventually(t, func() bool { return len(readLedger(t, file)["begun"]) >= faultSlots }, 20*time.Second,
		10*time.Millisecond)
	caller.kill()
	first.kill()
	nodeProcess(t, srv.said)
	nodeProcess(t, srv.said)
	require.Eventually(t, func() bool {
		notes := readLedger(t, file)
		for id := calls; id < 2*calls; id++ { // the Idempotent ones
			if notes["ended"][id] == 0 {
				return false
			}
		}
		return true
	}, 60*time.Second, 50*time.Millisecond)
	for id, n := range readLedger(t, file)["begun"] {
		require.True(t, n == 1 || id >= calls && n <= 3, "call %d was started %d times", id, n)
	}
	_ = nc
}

// waiting is how many calls are in the stream.
func waiting(t testing.TB, nc *nats.Conn) int {
	js, err := nc.JetStream()
	require.NoError(t, err)
	info, err := js.StreamInfo("QUARTET_quartet")
	if err != nil {
		return -1
	}
	return int(info.State.Msgs)
}

func running(t testing.TB, p *natspool.Pool) (n int) {
	infos, err := p.Nodes(t.Context())
	require.NoError(t, err)
	for _, i := range infos {
		n += i.Running
	}
	return n
}

var _ quartet.Executor = (*natspool.Pool)(nil)
