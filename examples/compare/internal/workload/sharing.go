package workload

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/examples/compare/internal/load"
	"github.com/quartet-go/quartet/gil"
)

// What the sharing probe does: threads that count together, n = f(n) + 1 each time. f takes so long
// that they take turns.
const (
	countingThreads = 4
	countsOfEach    = 50
	countTakes      = 200 * time.Microsecond
)

// sharing measures which share of the counts is lost although every step is under the lock: another
// thread may have its turn between the read and the write.
func sharing(p *Plan, out *Outcome) {
	if !p.Probes || p.Job == nil {
		return
	}
	const key = "crunch/gil threads/share of n = f(n) + 1 lost"
	for range p.Rounds {
		if p.Ctx.Err() != nil {
			return
		}
		p.Progress("crunch: threads that count together")
		out.Figures[key] = append(out.Figures[key], lostShare(p.Job(load.Ask{Compute: countTakes})))
	}
	out.Table.Remarks = append(out.Table.Remarks, fmt.Sprintf(
		"threads under the lock that count together, n = f(n) + 1: %.0f %% of the counts are lost",
		100*out.Figures[key].Median()))
}

// lostShare is the share of the counts that threads lose whose f does job.
func lostShare(job load.Job) float64 {
	interpreter := gil.New(gil.Config{})
	defer func() { _ = interpreter.Close() }()
	n := 0
	var begin sync.WaitGroup // all begin together, so that they have to take turns
	begin.Add(countingThreads)
	threads := quartet.NewGroup(context.Background(), interpreter)
	for range countingThreads {
		threads.Go(func(ctx context.Context) error {
			err := quartet.Block(ctx, func() {
				begin.Done()
				begin.Wait()
			})
			if err != nil {
				return err
			}
			for range countsOfEach {
				read := n
				if _, err := load.Perform.Local(ctx, job); err != nil {
					return err
				}
				n = read + 1
			}
			return nil
		})
	}
	_ = threads.Wait(context.Background())
	return 1 - float64(n)/(countingThreads*countsOfEach)
}
