package gil

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/quartet-go/quartet"
)

// BenchmarkStep and BenchmarkCoroutine run the same program with all checks on: n threads that
// compute for 50 µs and wait for 200. An event is one entry of the machine's agenda: the end of a
// slice, of a sleep or of a wait for the lock, or a wake-up.
func BenchmarkStep(b *testing.B) {
	for _, n := range []int{10, 100} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			threads := make([]StepThread, n)
			steps := uint64(0)
			for b.Loop() {
				for i := range threads {
					threads[i] = StepThread{Step: Cycle(0, Op{Do: DoCompute, For: 50 * us},
						Op{Do: DoSleep, For: 200 * us})}
				}
				steps += simulate(b, Config{}, time.Second, threads...).Steps
			}
			b.ReportMetric(float64(steps)/b.Elapsed().Seconds()/1e6, "Mevents/s")
		})
	}
}

func BenchmarkCoroutine(b *testing.B) {
	for _, n := range []int{10, 100} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			steps := uint64(0)
			for b.Loop() {
				s := New(Config{Clock: Virtual})
				_, err := quartet.Do(b.Context(), s, func(ctx context.Context) (int, error) {
					threads := make([]*quartet.Future[int], n)
					for i := range threads {
						threads[i] = quartet.Go(ctx, s, func(ctx context.Context) (int, error) {
							for range 12_000 / n {
								Compute(ctx, 50*us)
								_ = quartet.Sleep(ctx, 200*us)
							}
							return 0, nil
						})
					}
					_, err := quartet.AwaitAll(ctx, threads...)
					return 0, err
				})
				if err != nil || s.Close() != nil {
					b.Fatal(err)
				}
				steps += s.Report().Steps
			}
			b.ReportMetric(float64(steps)/b.Elapsed().Seconds()/1e6, "Mevents/s")
		})
	}
}

func BenchmarkCheckpoint(b *testing.B) {
	s := New(Config{})
	defer s.Close()
	_, _ = quartet.Do(b.Context(), s, func(ctx context.Context) (int, error) {
		b.Run("Thread", func(b *testing.B) {
			t := ThreadOf(ctx)
			for b.Loop() {
				for range 1000 {
					t.Checkpoint()
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1000, "ns/checkpoint")
		})
		b.Run("ctx", func(b *testing.B) {
			for b.Loop() {
				Checkpoint(ctx)
			}
		})
		return 0, nil
	})
}
