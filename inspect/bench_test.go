package inspect_test

import (
	"context"
	"crypto/sha256"
	"sync"
	"testing"
	"time"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/inspect"
	"github.com/quartet-go/quartet/workerpool"
)

// BenchmarkPage is what tasks of a pool cost without a page, with one at which nobody looks, and
// while a browser refreshes it. Hashing tasks come at 100,000 a second and core, or so; empty ones
// as fast as they can.
func BenchmarkPage(b *testing.B) {
	for _, work := range []struct {
		name  string
		bytes int
	}{{"empty", 0}, {"hash", 8 << 10}} {
		for _, state := range []struct {
			name            string
			mounted, looked bool
		}{{"none", false, false}, {"mounted", true, false}, {"looked", true, true}} {
			b.Run(work.name+"/"+state.name, func(b *testing.B) {
				pool := workerpool.New(workerpool.Config{})
				defer pool.Close()
				if state.mounted {
					page := inspect.Handler(pool)
					defer page.Close()
					if state.looked {
						defer refreshing(page)()
					}
				}
				data := make([]byte, work.bytes)
				b.ReportAllocs()
				b.RunParallel(func(pb *testing.PB) {
					for pb.Next() {
						_ = quartet.Run(context.Background(), pool, func(context.Context) error {
							if len(data) > 0 {
								sha256.Sum256(data)
							}
							return nil
						})
					}
				})
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "tasks/s")
			})
		}
	}
}

// refreshing asks for the page every two seconds, as a browser does, until stop is called.
func refreshing(page *inspect.Page) (stop func()) {
	get(page, "/")
	var done sync.WaitGroup
	quit := make(chan struct{})
	done.Go(func() {
		tick := time.NewTicker(2 * time.Second)
		defer tick.Stop()
		for {
			select {
			case <-quit:
				return
			case <-tick.C:
				get(page, "/")
			}
		}
	})
	return func() { close(quit); done.Wait() }
}
