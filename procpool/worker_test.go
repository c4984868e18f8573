package procpool

import (
	"errors"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet/procpool/internal/wire"
)

func TestASelfStartedTestBinaryRunsNoTests(t *testing.T) {
	cmd, err := (&worker{pool: &Pool{}}).command()
	require.NoError(t, err)
	require.Contains(t, cmd.Args, "-test.run=^$")
}

// startsWaiting lights the fuse that start lights.
func (w *worker) startsWaiting(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.lightLocked(&w.boot, d, errBootTimeout)
}

// A hello that comes when the worker is lost already makes no worker of it: calls that it got would
// be lost with it.
func TestAHelloThatComesTooLate(t *testing.T) {
	for name, lose := range map[string]func(p *Pool, w *worker){
		"not needed": func(p *Pool, w *worker) {
			p.in.Lock()
			defer p.in.Commit()
			w.retireLocked(byResize)
		},
		"does not listen": func(_ *Pool, w *worker) { w.light(hangUpTime, errHungUp) },
		"too late":        func(*Pool, *worker) { time.Sleep(time.Second) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newMutePool(t, Config{})
				f.worker.startsWaiting(time.Second)
				lose(f.Pool, f.worker)
				synctest.Wait()
				require.Error(t, f.feed(f.hello(t, wire.Greeting{})))
				f.in.Lock()
				require.Equal(t, booting, f.worker.life)
				f.in.Commit()
				f.gone(t, nil)
			})
		})
	}
}

// A hello puts out the fuse that waits for it.
func TestAHelloInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newMutePool(t, Config{})
		f.worker.startsWaiting(time.Second)
		require.NoError(t, f.feed(f.hello(t, wire.Greeting{})))
		time.Sleep(2 * time.Second)
		require.NoError(t, f.worker.killedBy())
		f.gone(t, nil)
	})
}

// A worker that closes a pipe is on its way out, and has a second for that, also before its hello;
// but one that was told to end has its Grace.
func TestAWorkerThatHangsUpHasASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newMutePool(t, Config{BootTimeout: time.Hour})
		f.worker.startsWaiting(time.Hour)
		f.worker.light(hangUpTime, errHungUp)
		time.Sleep(hangUpTime - time.Nanosecond)
		require.NoError(t, f.worker.killedBy())
		time.Sleep(time.Nanosecond)
		synctest.Wait()
		require.Equal(t, errHungUp, f.worker.killedBy())
		f.gone(t, nil)
	})
	synctest.Test(t, func(t *testing.T) {
		f := newMutePool(t, Config{Grace: time.Minute})
		f.worker.dismiss()
		f.worker.light(hangUpTime, errHungUp)
		time.Sleep(time.Minute - time.Nanosecond)
		require.NoError(t, f.worker.killedBy())
		time.Sleep(time.Nanosecond)
		synctest.Wait()
		require.Equal(t, errLingers, f.worker.killedBy())
		f.gone(t, nil)
	})
}

// When a worker has died by itself, no limit has ended it; that it had broken the protocol shows
// when its frames are read.
func TestWhatADeadWorkerIsBlamedFor(t *testing.T) {
	f := newMutePool(t, Config{})
	f.worker.reap()
	f.worker.kill(ErrMemory)
	require.NoError(t, f.worker.killedBy())
	r, w, err := os.Pipe()
	require.NoError(t, err)
	f.worker.pipe = r
	_, err = w.WriteString("this is no frame of the protocol")
	require.NoError(t, err)
	require.ErrorIs(t, f.worker.readOnce(), ErrProtocol)
	require.ErrorIs(t, f.worker.killedBy(), ErrProtocol)
	f.gone(t, nil)
	require.NoError(t, errors.Join(r.Close(), w.Close()))
}
