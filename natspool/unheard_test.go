package natspool_test

import (
	"context"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/natspool"
	"github.com/quartet-go/quartet/workerpool"
)

// Beats that never come by themselves: the test says when each side looks, and at what time.
const (
	quietBeat = time.Hour
	quietLost = 10 * time.Hour
)

// quiet is a pool with one node on a keeper.
type quiet struct {
	t    *testing.T
	nc   *nats.Conn
	pool *natspool.Pool
	node *natspool.Node
	got  chan quartet.Call // calls that have been started
}

func startQuiet(t *testing.T) *quiet {
	q := &quiet{t: t, nc: serverOf(t)}
	q.node, q.got = q.serve()
	var err error
	q.pool, err = natspool.New(q.nc, natspool.Config{Heartbeat: quietBeat, LostAfter: quietLost})
	require.NoError(t, err)
	t.Cleanup(func() { _ = q.pool.Close() })
	return q
}

// serve starts a node of two slots, on an executor that the test ends the calls of.
func (q *quiet) serve() (*natspool.Node, chan quartet.Call) {
	k := keeper{workerpool.New(workerpool.Config{}), make(chan quartet.Call, 10)}
	n, err := natspool.Serve(q.t.Context(), q.nc, k, natspool.NodeConfig{
		Slots: 2, Functions: []string{nope.Name()}, Heartbeat: quietBeat, LostAfter: quietLost,
	})
	require.NoError(q.t, err)
	q.t.Cleanup(func() {
		_ = n.Close()
		_ = k.Close()
	})
	return n, k.got
}

// begin makes a call, and waits until it has been started, and the node has heard the beat that an
// idle pool begins with.
func (q *quiet) begin() (*quartet.Future[int], quartet.Call) {
	beats, err := q.nc.SubscribeSync(natspool.Beats)
	require.NoError(q.t, err)
	f := nope.Go(q.t.Context(), q.pool, 1)
	c := <-q.got
	_, err = beats.NextMsg(lost)
	require.NoError(q.t, err)
	q.compare() // the node hears beats one after the other
	return f, c
}

// late ends c on its node while the pool hears nothing of the node. The node has not heard the pool
// for LostAfter by then, and looks after it once more.
func (q *quiet) late(c quartet.Call) (hears func()) {
	again, err := q.pool.Deaf()
	require.NoError(q.t, err)
	q.node.Look(time.Now().Add(quietLost + time.Second))
	resolves(c)
	require.Eventually(q.t, func() bool { return q.node.Unconfirmed() == 1 }, lost, time.Millisecond)
	q.node.Look(time.Now())
	return func() { require.NoError(q.t, again()) }
}

// compare has the pool beat once, and compare its calls with the node's answer.
func (q *quiet) compare() {
	answers, err := q.nc.SubscribeSync(q.pool.Subject())
	require.NoError(q.t, err)
	q.pool.Beat()
	_, err = answers.NextMsg(lost)
	require.NoError(q.t, err)
	require.NoError(q.t, answers.Unsubscribe())
}

// ends waits for the outcome of f. It fails the test if a node starts the call again.
func (q *quiet) ends(f *quartet.Future[int], again chan quartet.Call) error {
	select {
	case c := <-again:
		q.t.Error("the call was started twice")
		resolves(c)
	case <-f.Done():
	}
	_, err := f.Await(q.t.Context())
	return err
}

// A pool that a node has not heard for LostAfter may have kept the node: only its own words were
// lost. It gets the result, and does not take the call for one that was never started.
func TestAResultWaitsForAPoolThatWasOutOfReach(t *testing.T) {
	q := startQuiet(t)
	f, c := q.begin()
	hears := q.late(c)
	hears()
	q.compare()
	q.node.Look(time.Now().Add(3 * quietBeat)) // says the result again
	require.NoError(t, q.ends(f, q.got))
}

// A node that drains waits for no such pool. Its end tells the pool that the call is lost.
func TestADrainingNodeWaitsForNoPoolOutOfReach(t *testing.T) {
	q := startQuiet(t)
	f, c := q.begin()
	q.late(c)
	left := make(chan error, 1)
	go func() { left <- q.node.Shutdown(context.Background()) }()
	require.Eventually(t, func() bool {
		q.node.Look(time.Now())
		return len(left) > 0
	}, lost, time.Millisecond)
	require.NoError(t, <-left)
	require.Eventually(t, func() bool { return q.pool.Left(q.node.ID()) }, lost, time.Millisecond)
	q.pool.LoseSilent(time.Now().Add(quietBeat + time.Second))
	var gone *natspool.NodeLostError
	require.ErrorAs(t, q.ends(f, q.got), &gone)
}

// nextWord is the next message of a node that is no answer to a beat.
func nextWord(t *testing.T, words *nats.Subscription) *nats.Msg {
	for {
		m, err := words.NextMsg(lost)
		require.NoError(t, err)
		if !natspool.IsList(m) {
			return m
		}
	}
}

// A node begins to drain while the pool's leave to start a call is on its way, and is gone before
// the pool has read its last words. The call has not started, and so runs elsewhere.
func TestACallThatADrainingNodeAskedForRunsElsewhere(t *testing.T) {
	q := startQuiet(t)
	words, err := q.nc.SubscribeSync(q.pool.Subject())
	require.NoError(t, err)
	hears, err := q.pool.Deaf()
	require.NoError(t, err)
	f := nope.Go(t.Context(), q.pool, 1)
	asks := nextWord(t, words)
	left := make(chan error, 1)
	go func() { left <- q.node.Shutdown(context.Background()) }()
	require.Eventually(t, q.node.Draining, lost, time.Millisecond)
	q.pool.Hear(asks)
	require.NoError(t, <-left)
	require.Eventually(t, func() bool { return q.pool.Left(q.node.ID()) }, lost, time.Millisecond)
	back := nextWord(t, words)
	require.NoError(t, hears())
	_, again := q.serve()
	q.pool.Hear(back)
	select {
	case c := <-again:
		resolves(c)
	case <-f.Done():
	}
	_, err = f.Await(t.Context())
	require.NoError(t, err)
}

// After a longer time the node forgets the pool, with its results. It says so in its list, and the
// pool takes the call for lost.
func TestACallOfAForgottenPoolIsLostAndNotRepeated(t *testing.T) {
	q := startQuiet(t)
	f, c := q.begin()
	hears := q.late(c)
	q.node.Look(time.Now().Add(11 * quietLost))
	require.Zero(t, q.node.Unconfirmed())
	hears()
	q.compare()
	var gone *natspool.NodeLostError
	require.ErrorAs(t, q.ends(f, q.got), &gone)
}

// A node that drains drops such results, while another call keeps it from leaving.
func TestACallOfADrainingNodeIsLostAndNotRepeated(t *testing.T) {
	q := startQuiet(t)
	stays, c := q.begin()
	f := nope.Go(t.Context(), q.pool, 0)
	hears := q.late(<-q.got)
	left := make(chan error, 1)
	go func() { left <- q.node.Shutdown(context.Background()) }()
	require.Eventually(t, func() bool {
		q.node.Look(time.Now().Add(quietLost + time.Second))
		return q.node.Unconfirmed() == 0
	}, lost, time.Millisecond)
	_, again := q.serve()
	hears()
	q.compare()
	q.compare() // f has been started since the last beat: the first list may be older than that
	err := q.ends(f, again)
	resolves(c)
	var gone *natspool.NodeLostError
	require.ErrorAs(t, err, &gone)
	_, err = stays.Await(t.Context())
	require.NoError(t, err)
	require.NoError(t, <-left)
}

// A beat of an idle pool may be heard after calls that were made later. It says nothing about their
// results.
func TestAnOldBeatDropsNoResult(t *testing.T) {
	q := startQuiet(t)
	beats, err := q.nc.SubscribeSync(natspool.Beats)
	require.NoError(t, err)
	q.pool.Beat()
	old, err := beats.NextMsg(lost)
	require.NoError(t, err)
	f, c := q.begin()
	hears := q.late(c)
	require.NoError(t, q.nc.Publish(natspool.Beats, old.Data))
	hears()
	q.compare()
	q.node.Look(time.Now().Add(3 * quietBeat))
	require.NoError(t, q.ends(f, q.got))
}

// The calls of a Detached pool that has gone before any node was there all run, also those that a
// node has no slot for yet.
func TestCallsOfADetachedPoolStayWhenNoNodeHasHeardIt(t *testing.T) {
	const short, soon, calls = 10 * time.Millisecond, 100 * time.Millisecond, 10
	nc := serverOf(t)
	p, err := natspool.New(nc, natspool.Config{Detached: true, Heartbeat: short, LostAfter: soon})
	require.NoError(t, err)
	for i := range calls {
		nope.Go(t.Context(), p, i)
	}
	require.NoError(t, p.Close())
	k := keeper{workerpool.New(workerpool.Config{}), make(chan quartet.Call, calls)}
	defer k.Close()
	n, err := natspool.Serve(t.Context(), nc, k, natspool.NodeConfig{
		Slots: 1, Functions: []string{nope.Name()}, Heartbeat: short, LostAfter: soon,
	})
	require.NoError(t, err)
	defer n.Close()
	enough := time.After(time.Minute)
	for i := range calls {
		select {
		case c := <-k.got:
			resolves(c)
		case <-enough:
			require.Fail(t, "a call is gone", "%d of %d were started", i, calls)
		}
	}
}

// The large input of a call that goes on without its Detached pool stays when the pool is closed.
func TestTheInputOfADetachedCallOutlivesThePool(t *testing.T) {
	nc := serverOf(t)
	k := keeper{workerpool.New(workerpool.Config{}), make(chan quartet.Call, 1)}
	defer k.Close()
	n, err := natspool.Serve(t.Context(), nc, k, natspool.NodeConfig{Heartbeat: beat, LostAfter: lost})
	require.NoError(t, err)
	defer n.Close()
	p, err := natspool.New(nc, natspool.Config{Detached: true, Heartbeat: beat, LostAfter: lost})
	require.NoError(t, err)
	echo.Go(t.Context(), p, make([]byte, 9<<20))
	c := <-k.got
	require.NoError(t, p.Close())
	require.Len(t, objects(t, nc), 1)
	n.Look(time.Now().Add(lost + time.Second)) // the pool has gone
	c.Resolve([]byte(`""`), quartet.JSON{}, nil)
	require.Eventually(t, func() bool { return len(objects(t, nc)) == 0 }, lost, time.Millisecond)
}
