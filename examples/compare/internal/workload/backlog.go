package workload

import (
	"context"
	"fmt"
	"sync/atomic"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/workerpool"
)

// What the backlog probe does: messages that come faster than one worker takes them.
const (
	backlogItems = 500
	backlogBytes = 64 << 10
	backlogRoom  = 8
)

// backlog measures how much memory waits for a slow consumer, with a queue that takes everything
// and with one that makes the producer wait.
func backlog(p *Plan, out *Outcome) {
	for range p.Rounds {
		if p.Ctx.Err() != nil {
			return
		}
		p.Progress("chat: what waits for a slow consumer")
		for name, room := range map[string]int{"unbounded": many, "bounded": backlogRoom} {
			key := "chat/" + name + "/bytes"
			out.Figures[key] = append(out.Figures[key], held(room))
		}
	}
	unbounded, bounded := out.Figures["chat/unbounded/bytes"].Median(), out.Figures["chat/bounded/bytes"].Median()
	out.Table.Remarks = append(out.Table.Remarks, fmt.Sprintf(
		"%d messages of %d KiB to a consumer that does not keep up: %.1f MiB waited in an unbounded queue, %.1f MiB in one with room for %d, whose producer waits",
		backlogItems, backlogBytes>>10, unbounded/(1<<20), bounded/(1<<20), backlogRoom))
}

// many is room for everything.
const many = 1 << 16

// held is the most bytes of messages that a producer had sent and a consumer had not yet taken. The
// consumer takes one when the producer has to wait for it, and all when that has sent all.
func held(room int) float64 {
	pool := workerpool.New(workerpool.Config{Workers: 1, Queue: room})
	defer func() { _ = pool.Close() }()
	var waiting, most atomic.Int64
	sent := make(chan struct{})
	futures := make([]*quartet.Future[int], backlogItems)
	for i := range futures {
		message := make([]byte, backlogBytes)
		most.Store(max(most.Load(), waiting.Add(int64(len(message))))) // one producer: nobody else stores
		if i == backlogItems-1 {
			close(sent)
		}
		futures[i] = quartet.Go(context.Background(), pool, func(context.Context) (int, error) {
			if room == many {
				<-sent // it does not keep up at all
			}
			waiting.Add(-int64(len(message)))
			return len(message), nil
		})
	}
	_, _ = quartet.AwaitAll(context.Background(), futures...)
	return float64(most.Load())
}
