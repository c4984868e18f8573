package procpool

import (
	"context"
	"fmt"

	"github.com/quartet-go/quartet"
)

// Reload replaces all workers, one after the other, while the pool goes on: by the script as its
// file is now, for a pool of [Python] or [Node]; by fresh processes of the same program else. A
// worker proves the new version before an old one goes: when it does not come up, Reload returns
// why, and nothing changes. Workers that are replaced take no more calls and end when theirs have
// ended. After a nil return no call runs in an old version.
//
// When ctx ends it returns ctx's cause. Before the proof that undoes the reload; afterwards it goes
// on by itself. Reloads run one after the other. While one runs there may be up to twice as many
// processes as Config.Workers, if calls take long. Any goroutine may call it, but no task.
func (p *Pool) Reload(ctx context.Context) error {
	p.made()
	select {
	case p.reloads <- struct{}{}:
		defer func() { <-p.reloads }()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	// Read before anything is changed: a script that cannot be read costs nothing.
	program, err := p.cfg.script.load()
	if err != nil {
		return err
	}
	p.in.Lock()
	if p.stopping || p.ending {
		p.in.Commit()
		return quartet.ErrClosed
	}
	// It does not count among Config.Workers, and takes no calls before its hello. In one section
	// with the look at ending, so that Close waits for it.
	proof := p.newWorkerLocked(p.freeLaneLocked())
	proof.version, proof.program = p.version+1, program
	p.exited.Add(1)
	go proof.live()
	p.in.Commit()

	err = p.await(ctx, func() (bool, error) {
		switch {
		// welcomeLocked raises the version, by adoptLocked; bury sets life, and bootFailedLocked
		// the proof's error. All announce.
		case p.version >= proof.version:
			return true, nil
		case proof.life == buried && proof.proof != nil:
			return true, fmt.Errorf("procpool: Reload: the new version does not come up: %w", proof.proof)
		case proof.life == buried, p.stopping:
			return true, quartet.ErrClosed
		}
		return false, nil
	})
	if err != nil {
		p.giveProofUp(proof)
		return err
	}
	// Workers that are leaving have no calls. Stopping does not end the wait where all old ones
	// have gone.
	return p.await(ctx, func() (bool, error) {
		for _, w := range p.workers {
			if w != nil && w.version < proof.version && w.life < leaving {
				if p.stopping {
					return true, quartet.ErrClosed
				}
				return false, nil
			}
		}
		return true, nil
	})
}

// giveProofUp undoes a Reload that has ended before its proof. The hello may have come since await
// has looked: then proof is a worker as any other, and the roll goes on.
func (p *Pool) giveProofUp(proof *worker) {
	p.in.Lock()
	defer p.in.Commit()
	if p.version < proof.version {
		proof.retireLocked(byReload)
	}
}

// adoptLocked makes w's version, which w has proved, the pool's. rolling is how many workers serve
// before the roll, without w: rollLocked keeps that number up.
func (p *Pool) adoptLocked(w *worker) {
	p.rolling = p.servingLocked()
	p.version, p.program = w.version, w.program
}

// rollLocked replaces workers of an old version by those of the new one, one by one. Each dispatch
// calls it. Where one more serves than before the roll, an old one retires, that with the fewest
// calls; else a new one is started. Without an old one that serves it does nothing.
func (p *Pool) rollLocked() {
	var old *worker
	up, coming := 0, 0
	for _, w := range p.workers {
		switch {
		case w == nil || !w.stayingLocked():
		case w.life == serving:
			up++
			if w.version < p.version && (old == nil || len(w.calls) < len(old.calls)) {
				old = w
			}
		case w.version < p.version:
			// An old one that is still booting is killed: it has no calls.
			w.retireLocked(byReload)
		default:
			coming++
		}
	}
	switch {
	case old == nil || p.ending:
	case up > p.rolling:
		old.retireLocked(byReload)
		p.rollLocked()
	case coming > 0:
	case p.boot.delayLocked() > 0:
		p.growLaterLocked(p.boot.delayLocked())
	default:
		p.spawnLocked()
	}
}
