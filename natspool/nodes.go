package natspool

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/quartet-go/quartet"
)

// NodeInfo is a node's report of itself.
type NodeInfo struct {
	ID        string
	Host      string
	PID       int
	Class     string   // nodes that run the same functions are of one class
	Functions []string // that it runs
	Slots     int
	Running   int           // calls that take a slot
	Waiting   int           // calls that wait, and take none
	Draining  bool          // it takes no new calls
	Stats     quartet.Stats // of its executor, if that has any
	Heard     time.Duration // how long ago it said so
}

// Nodes asks all nodes, waits a moment for their answers, a Heartbeat at most, and returns those
// that are there, by ID. It returns ctx's cause when ctx ends first. A node that is lost is left
// out once LostAfter has passed.
func (p *Pool) Nodes(ctx context.Context) ([]NodeInfo, error) {
	p.made()
	if ctx == nil {
		panic("natspool: Nodes with a nil Context")
	}
	asked := time.Now()
	// Registered before the question, so that no answer comes too early. It says only that some
	// node was heard.
	heard := make(chan struct{}, 1)
	p.in.Lock()
	p.hearers[heard] = struct{}{}
	p.in.Commit()
	defer func() {
		p.in.Lock()
		delete(p.hearers, heard)
		p.in.Commit()
	}()
	if err := p.nc.Publish(p.names.hello(), nil); err != nil {
		return nil, err
	}
	enough := time.NewTimer(p.cfg.Heartbeat)
	defer enough.Stop()
	for {
		select {
		case <-heard:
			if all, infos := p.answered(asked); all {
				return infos, nil
			}
		case <-enough.C:
			_, infos := p.answered(asked)
			return infos, nil
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// answered reports whether all known nodes have been heard since, and returns their reports.
// Details are read from the beats here, under the lock, and nowhere else but of new nodes.
func (p *Pool) answered(since time.Time) (all bool, infos []NodeInfo) {
	now := time.Now()
	all = now.Sub(p.born) > p.cfg.Heartbeat // before, more may be there than are known
	p.in.Lock()
	defer p.in.Commit()
	for _, m := range p.members.byID {
		if age := now.Sub(m.heardAt); m.known && !m.beat.gone && age < p.cfg.LostAfter {
			all = all && m.heardAt.After(since)
			infos = append(infos, m.info(age))
		}
	}
	slices.SortFunc(infos, func(a, b NodeInfo) int { return cmp.Compare(a.ID, b.ID) })
	return all, infos
}

func (m *member) info(age time.Duration) NodeInfo {
	b, d := &m.beat, m.beat.read()
	return NodeInfo{b.id, d.Host, d.PID, b.class, d.Functions, b.slots, d.Running, d.Waiting, b.draining, d.Stats, age}
}
