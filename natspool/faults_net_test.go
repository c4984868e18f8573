package natspool_test

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet/natspool"
	"github.com/quartet-go/quartet/natspool/natsembed"
)

// A cut connection comes back within LostAfter, so nothing is lost, whoever's connection it was.
func TestFaultConnectionsCut(t *testing.T) {
	for _, whose := range []string{"caller", "node"} {
		t.Run(whose, func(t *testing.T) {
			srv := serverProcess(t, t.TempDir(), "127.0.0.1:0")
			bad := startProxy(t, srv.said)
			callers, nodes := srv.said, srv.said
			if whose == "caller" {
				callers = bad.url()
			} else {
				nodes = bad.url()
			}
			nodeProcess(t, nodes)
			nodeProcess(t, srv.said)
			l := startLoad(t, client(t, callers), 5)
			for range rounds(4, 50) {
				l.runs(20)
				bad.cut()
			}
			bad.delay.Store(int64(20 * time.Millisecond))
			l.runs(20)
			bad.delay.Store(0)
			bad.dark.Store(true) // shorter than LostAfter
			time.Sleep(faultLost / 4)
			bad.dark.Store(false)
			l.runs(20)
			l.end()
			require.Zero(t, l.counts["lost"])
		})
	}
}

// A node that is out of reach for longer is lost, with the calls that had started there. It comes
// back, and finds its calls ended.
func TestFaultNodeOutOfReach(t *testing.T) {
	srv := serverProcess(t, t.TempDir(), "127.0.0.1:0")
	bad := startProxy(t, srv.said)
	nodeProcess(t, bad.url())
	nodeProcess(t, srv.said)
	l := startLoadOf(t, client(t, srv.said), 50, 0) // long enough that every slot is always taken
	for range rounds(1, 5) {
		lost := l.count("lost")
		l.keepsBusy(2)
		bad.dark.Store(true)
		l.waitFor("lost", lost+1)
		bad.dark.Store(false)
		l.runs(20)
	}
	l.end()
}

// A pool that is out of reach for longer loses the started calls; the rest goes on afterwards.
func TestFaultCallerOutOfReach(t *testing.T) {
	srv := serverProcess(t, t.TempDir(), "127.0.0.1:0")
	bad := startProxy(t, srv.said)
	nodeProcess(t, srv.said)
	l := startLoad(t, client(t, bad.url()), 5)
	l.runs(20)
	bad.dark.Store(true)
	time.Sleep(2 * faultLost)
	bad.dark.Store(false)
	l.runs(20)
	l.end()
}

// A node that was out of reach when the caller cancelled hears of it when it comes back.
func TestFaultCancelLost(t *testing.T) {
	srv := serverProcess(t, t.TempDir(), "127.0.0.1:0")
	bad := startProxy(t, srv.said)
	far := client(t, bad.url())
	nodeOf(t, far, 1)
	nc := client(t, srv.said)
	p := poolOf(t, nc)
	all, err := nc.SubscribeSync(">")
	require.NoError(t, err)

	ctx, cancel := context.WithCancelCause(t.Context())
	f := until.Go(ctx, p, 0)
	require.Eventually(t, func() bool { return p.Stats().Running == 1 }, lost, time.Millisecond)
	bad.dark.Store(true)
	bad.cut()
	require.Eventually(t, far.IsReconnecting, lost, time.Millisecond)
	cancel(errOdd)
	for { // until the word has been said, to nobody
		m, err := all.NextMsg(lost)
		require.NoError(t, err)
		if strings.Contains(string(m.Data), errOdd.Error()) {
			break
		}
	}
	bad.dark.Store(false)
	_, err = f.Await(t.Context())
	require.ErrorIs(t, err, errOdd)
}

// Three servers keep each call three times. One of them is killed under load.
func TestFaultServerOfThreeKilled(t *testing.T) {
	servers, urls := clusterOfThree(t)
	nc, err := nats.Connect(strings.Join(urls, ","), nats.MaxReconnects(-1), nats.ReconnectWait(20*time.Millisecond))
	require.NoError(t, err)
	defer nc.Close()
	var p *natspool.Pool
	cfg := faultPool()
	cfg.Replicas = 3
	require.Eventually(t, func() bool { // until they have elected a leader
		p, err = natspool.New(nc, cfg)
		return err == nil
	}, 30*time.Second, 100*time.Millisecond, "%v", err)
	require.NoError(t, p.Close())
	faultReplicas = 3
	defer func() { faultReplicas = 1 }()
	for range 2 {
		nodeProcess(t, strings.Join(urls, ","))
	}
	l := startLoad(t, nc, 5)
	l.runs(50)
	servers[leaderOf(t, nc)].Close()
	l.runs(50)
	l.end()
	require.Positive(t, l.counts["good"])
	t.Logf("%d lost", l.counts["lost"])
}

// leaderOf is the number of the server that leads the stream.
func leaderOf(t testing.TB, nc *nats.Conn) int {
	js, err := nc.JetStream()
	require.NoError(t, err)
	info, err := js.StreamInfo("QUARTET_quartet")
	require.NoError(t, err)
	var i int
	_, err = fmt.Sscanf(info.Cluster.Leader, "s%d", &i)
	require.NoError(t, err)
	return i
}

func clusterOfThree(t testing.TB) (servers []*natsembed.Server, urls []string) {
	var routes []*url.URL
	ports := make([]int, 3)
	for i := range ports {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		ports[i] = l.Addr().(*net.TCPAddr).Port
		require.NoError(t, l.Close())
		routes = append(routes, &url.URL{Scheme: "nats-route", Host: fmt.Sprintf("127.0.0.1:%d", ports[i])})
	}
	servers, urls = make([]*natsembed.Server, 3), make([]string, 3)
	for i := range servers {
		srv, _, err := natsembed.Start(natsembed.Config{Addr: "127.0.0.1:0", Options: func(o *server.Options) {
			o.ServerName = fmt.Sprintf("s%d", i)
			o.Cluster = server.ClusterOpts{Name: "three", Host: "127.0.0.1", Port: ports[i]}
			o.Routes = routes
		}})
		require.NoError(t, err)
		t.Cleanup(srv.Close)
		servers[i], urls[i] = srv, srv.URL()
	}
	return servers, urls
}
