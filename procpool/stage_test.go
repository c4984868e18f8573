package procpool

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet"
)

// Each state of a table can be reached.
func TestStepsReachEachState(t *testing.T) {
	require.Empty(t, stages.Unreachable())
	require.Empty(t, lives.Unreachable())
	require.Empty(t, comers.Unreachable())
}

func TestStageTellsWhatHasBegun(t *testing.T) {
	for s := range ending + 1 {
		require.Equal(t, s == suspended || s == resumed, s.begun(), stages.Names[s])
	}
}

// Workers that were starting when the breaker opened fail with it: that is one failure of the
// program, and not one for each.
func TestTheBreakerRestsOnceForARound(t *testing.T) {
	var b boot
	for range 8 {
		b.openLocked(errors.New("no such interpreter"))
	}
	require.Equal(t, firstRest, b.rest)
	b.until = b.until.Add(-2 * firstRest) // the rest is over
	b.openLocked(errors.New("no such interpreter"))
	require.Equal(t, 2*firstRest, b.rest)
}

func TestTheTailOfLongLinesIsShort(t *testing.T) {
	var end tail
	for _, line := range []string{"before", "panic: " + strings.Repeat("x", 64<<10), strings.Repeat("y", 64<<10)} {
		end.add([]byte(line), 1)
	}
	text := string(end.of(1))
	require.LessOrEqual(t, len(text), maxTail+2*maxHead+100)
	require.Contains(t, text, "before\npanic: xxx")
	require.Contains(t, text, "[…]")
}

// obstinate is a call that is cancelled while it ends.
type obstinate struct {
	cancel func()
	ends   int
}

func (*obstinate) Name() string                                            { return "obstinate" }
func (*obstinate) AppendInput(dst []byte, _ quartet.Codec) ([]byte, error) { return dst, nil }
func (*obstinate) Run(context.Context)                                     {}
func (o *obstinate) Abandon(error)                                         { o.ends++ }

func (o *obstinate) Resolve([]byte, quartet.Codec, error) {
	if o.ends++; o.ends == 1 {
		o.cancel()
	}
}

// A call that waits to be sent again, and fails since no worker comes up, ends once, also when it
// is cancelled at that moment.
func TestACallThatEndsWithTheBreakerEndsOnce(t *testing.T) {
	f := newMutePool(t, Config{})
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	o := &obstinate{}
	record, err := f.submitRecord(ctx, o, Normal, nil)
	require.NoError(t, err)
	o.cancel = func() {
		cancel()
		f.cancelled(record)
	}
	f.in.Lock()
	c := f.nextLocked()
	c.toLocked(sent)
	f.requeueLocked(c)
	f.failQueuedLocked(ErrCrashLoop)
	f.in.Commit()
	require.Equal(t, 1, o.ends)
	f.gone(t, nil)
	require.Equal(t, uint64(1), f.Stats().Failed)
}

// The timer of the next start goes by the shortest wait, and does not outlive the pool.
func TestTheNextStartIsNotLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newMutePool(t, Config{})
		armed := func() bool {
			f.in.Lock()
			defer f.in.Commit()
			return f.boot.armed
		}
		later := func(d time.Duration) {
			f.in.Lock()
			defer f.in.Commit()
			f.growLaterLocked(d)
		}
		later(time.Minute)
		later(time.Second)
		later(time.Hour)
		time.Sleep(time.Second - time.Nanosecond)
		require.True(t, armed())
		time.Sleep(time.Nanosecond)
		synctest.Wait()
		require.False(t, armed())
		later(time.Hour)
		f.gone(t, nil)
		later(time.Hour)
		require.False(t, armed())
	})
}
