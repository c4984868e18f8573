//go:build unix

package procpool_test

import (
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/procpool"
)

// Signals to all workers of a pool under load, as systemd or a terminal send them, cost no call.
func TestScriptsSurviveAStormOfSignals(t *testing.T) {
	eachRuntime(t, func(t *testing.T, cfg procpool.Config) {
		cfg.Workers = 2
		p := newPool(t, cfg)
		require.NoError(t, p.Ready(bounded(t)))
		const calls = 3000
		var done atomic.Int64
		for v, err := range foreignDouble.Map(bounded(t), p, func(yield func(int) bool) {
			for i := range calls {
				if i%20 == 0 && done.Load() > 0 {
					for _, w := range p.Workers() {
						if w.PID > 0 && w.Calls > 0 { // an interpreter that starts up can be killed
							_ = syscall.Kill(w.PID,
								[]syscall.Signal{syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP}[i/20%3])
						}
					}
				}
				if !yield(i) {
					return
				}
			}
		}, quartet.Ahead(200)) {
			require.NoError(t, err)
			require.EqualValues(t, 2*done.Load(), v)
			done.Add(1)
		}
		require.EqualValues(t, calls, done.Load())
		require.Empty(t, p.Restarts())
	})
}
