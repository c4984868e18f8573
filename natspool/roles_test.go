package natspool_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/natspool"
	"github.com/quartet-go/quartet/natspool/natsembed"
	"github.com/quartet-go/quartet/workerpool"
)

// The programs that tests start: this one again, in another role. Each says one line when it is
// ready.
var roles = map[string]func(){"server": serverRole, "node": nodeRole, "old": nodeRole, "caller": callerRole}

func serverRole() {
	srv, _, err := natsembed.Start(natsembed.Config{Addr: os.Getenv("NATSPOOL_ADDR"), Dir: os.Getenv("NATSPOOL_DIR")})
	must(err)
	fmt.Println(srv.URL())
	select {}
}

func nodeRole() {
	nc := connect(os.Getenv("NATSPOOL_URL"))
	ex := workerpool.New(workerpool.Config{Workers: faultSlots})
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second) // three servers elect a leader first
	defer cancel()
	n, err := natspool.Serve(ctx, nc, ex, faultNode())
	must(err)
	fmt.Println(n.ID())
	select {}
}

// callerRole makes calls that end with it, or not, and waits to be killed.
func callerRole() {
	cfg := faultPool()
	cfg.Detached = os.Getenv("NATSPOOL_DETACHED") != ""
	p, err := natspool.New(connect(os.Getenv("NATSPOOL_URL")), cfg)
	must(err)
	calls, _ := strconv.Atoi(os.Getenv("NATSPOOL_CALLS"))
	for i := range calls {
		noted.Go(context.Background(), p, note{ID: i, File: os.Getenv("NATSPOOL_FILE"), Millis: 60_000})
		again.Go(context.Background(), p, note{ID: calls + i, File: os.Getenv("NATSPOOL_FILE"), Millis: 500})
	}
	for deadline := time.Now().Add(20 * time.Second); p.Stats().Running == 0 && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
	fmt.Println("ready")
	select {}
}

func must(err error) {
	if err != nil {
		fmt.Println("error:", err)
		os.Exit(1)
	}
}

const (
	faultBeat  = 100 * time.Millisecond
	faultLost  = 2 * time.Second
	faultSlots = 4
)

var (
	faultStorage  = natspool.Memory
	faultReplicas = 1
)

func init() {
	if os.Getenv("NATSPOOL_REPLICAS") != "" {
		faultReplicas, _ = strconv.Atoi(os.Getenv("NATSPOOL_REPLICAS"))
	}
	if os.Getenv("NATSPOOL_STORAGE") == "file" {
		faultStorage = natspool.File
	}
}

func faultNode() natspool.NodeConfig {
	return natspool.NodeConfig{
		Slots: faultSlots, Heartbeat: faultBeat, LostAfter: faultLost, Storage: faultStorage,
		Replicas: faultReplicas,
	}
}

func faultPool() natspool.Config {
	return natspool.Config{Heartbeat: faultBeat, LostAfter: faultLost, Storage: faultStorage, Replicas: faultReplicas}
}

func connect(url string) *nats.Conn {
	nc, err := nats.Connect(url, nats.MaxReconnects(-1), nats.ReconnectWait(20*time.Millisecond),
		nats.RetryOnFailedConnect(true))
	must(err)
	return nc
}

// note says which call writes where that it has been started and ended.
type note struct {
	ID     int
	File   string
	Millis int
}

func (n note) write(word string) {
	f, err := os.OpenFile(n.File, os.O_APPEND|os.O_WRONLY|os.O_CREATE, 0o600)
	must(err)
	_, err = fmt.Fprintf(f, "%s %d\n", word, n.ID)
	must(errors.Join(err, f.Close()))
}

func take(ctx context.Context, n note) (int, error) {
	n.write("begun")
	select {
	case <-time.After(time.Duration(n.Millis) * time.Millisecond):
	case <-ctx.Done():
		if errors.Is(context.Cause(ctx), natspool.ErrCallerLost) {
			n.write("orphaned")
		} else {
			n.write("cancelled")
		}
		return 0, context.Cause(ctx)
	}
	n.write("ended")
	return n.ID, nil
}

var (
	noted = quartet.Define("natspool_test.noted", take)
	again = quartet.Define("natspool_test.again", take, quartet.Idempotent())
)

// ledger is what calls have noted in a file: how often each word was said of each.
type ledger map[string]map[int]int

func readLedger(t testing.TB, file string) ledger {
	l := ledger{"begun": {}, "ended": {}, "cancelled": {}, "orphaned": {}}
	f, err := os.Open(file)
	if errors.Is(err, os.ErrNotExist) {
		return l
	}
	require.NoError(t, err)
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		word, id, _ := strings.Cut(s.Text(), " ")
		n, err := strconv.Atoi(id)
		require.NoError(t, err)
		l[word][n]++
	}
	return l
}

// process is one of the programs.
type process struct {
	*exec.Cmd
	said string
	in   *os.File
	gone atomic.Bool
}

func startRole(t testing.TB, role string, env ...string) *process {
	p := &process{Cmd: exec.Command(os.Args[0])}
	storage := "memory"
	if faultStorage == natspool.File {
		storage = "file"
	}
	p.Env = append(os.Environ(),
		append([]string{
			"NATSPOOL_ROLE=" + role, "NATSPOOL_STORAGE=" + storage,
			fmt.Sprint("NATSPOOL_REPLICAS=", faultReplicas),
		}, env...)...)
	p.Stderr = os.Stderr
	r, w, err := os.Pipe()
	require.NoError(t, err)
	p.Stdin, p.in = r, w
	out, err := p.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, p.Start())
	_ = r.Close()
	t.Cleanup(p.kill)
	lines := bufio.NewScanner(out)
	require.True(t, lines.Scan(), "the %s says nothing", role)
	p.said = lines.Text()
	require.NotContains(t, p.said, "error:")
	return p
}

func (p *process) kill() {
	if p.gone.Swap(true) {
		return
	}
	_ = p.Process.Kill()
	_ = p.Wait()
	_ = p.in.Close()
}
