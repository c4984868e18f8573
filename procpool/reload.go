package procpool

import (
	"context"
	"fmt"

	"github.com/quartet-go/quartet"
)

// errReloadEnds kills the worker that was to prove what Reload brings, when Reload gives up.
var errReloadEnds = fmt.Errorf("%w: Reload was given up", errNotNeeded)

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
	program, err := p.cfg.script.load()
	if err != nil {
		return err
	}
	p.in.Lock()
	if p.stopping || p.ending {
		p.in.Commit()
		return quartet.ErrClosed
	}
	proof := p.newWorkerLocked(p.freeLaneLocked())
	proof.version, proof.program = p.version+1, program
	p.exited.Add(1)
	go proof.live()
	p.in.Commit()

	err = p.await(ctx, func() (bool, error) {
		switch {
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
		proof.kill(errReloadEnds)
		return err
	}
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

// adoptLocked makes w's version, which w has proved, the pool's.
func (p *Pool) adoptLocked(w *worker) {
	p.rolling = p.servingLocked()
	p.version, p.program = w.version, w.program
}

// rollLocked replaces workers of an old version by those of the new one, one by one.
func (p *Pool) rollLocked() {
	var old *worker
	up, coming := 0, 0
	for _, w := range p.workers {
		switch {
		case w == nil || !w.stayingLocked() || w.version > p.version:
		case w.life == serving:
			up++
			if w.version < p.version && (old == nil || len(w.calls) < len(old.calls)) {
				old = w
			}
		case w.version < p.version:
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
