package gil

import "time"

// loadRun is a load in a simulation. All threads of the load share it; one of them runs at a time.
//
// from is where its figures begin; samples and offered leave out all that came before.
type loadRun struct {
	load    Load
	queue   int           // of its requests, in an open loop
	from    time.Duration // what ends before it does not count
	bound   float64
	samples []Sample
	offered uint64 // requests that arrived since from
}

// figures is what became of it until now.
func (l *loadRun) figures(s *sim) LoadFigures {
	f := LoadFigures{
		Label: l.load.label(l.queue), Threads: l.load.threads(), Foreign: l.load.Foreign, Bound: l.bound,
		Samples: l.samples,
	}
	f.count(max(s.now-l.from, 0))
	if l.load.open() {
		f.Offered = float64(l.offered) / max(1e-9, (s.now-l.from).Seconds())
		f.Backlog = len(s.queue(l.queue).items)
	}
	return f
}

// round is a thread's place in its round. It is the code of one thread of a Workload: a state
// machine, since coroutines are two to three times as slow.
type round struct {
	run   *loadRun
	work  stream
	stage int
	part  int
	began time.Duration
	ops   [4]Op // of the round: each part does its share of them
}

// The stages of a round.
const (
	stageBegin = iota
	stageTake
	stageWork // and the next three
	stageEnd  = stageWork + 4
)

// next implements code. Each call returns the next op that takes time, going through stages that
// take none. The loop ends: a load whose round takes no time is refused before. part and stage are
// the whole state, so an op that returns leaves nothing on a stack.
func (r *round) next(s *sim, t *vthread) Op {
	l := &r.run.load
	for {
		stage := r.stage
		r.stage++
		switch {
		case stage == stageBegin && l.open():
			return Op{Do: DoGet, Queue: r.run.queue}
		case stage == stageBegin:
		case stage == stageTake:
			r.take(s, t)
		case stage < stageEnd:
			if op := r.share(stage - stageWork); op.For > 0 {
				return op
			}
		// The next part of the same round, with the ops that take has drawn.
		case r.part+1 < max(1, l.Waits):
			r.part, r.stage = r.part+1, stageWork
		default:
			// Rounds of the first tenth do not count, as all threads begin at once there.
			if s.now >= r.run.from {
				r.run.samples = append(r.run.samples, Sample{At: s.now, Took: s.now - r.began})
			}
			r.stage = stageBegin
		}
	}
}

// take begins a round. All four ops are drawn here, so that Waits cuts the same round into more
// parts and draws nothing anew.
func (r *round) take(s *sim, t *vthread) {
	l := &r.run.load
	r.began, r.part = s.now, 0
	if l.open() {
		r.began = t.got
	}
	r.ops = [4]Op{
		{Do: DoCompute, For: l.Compute.sample(&r.work)},
		{Do: DoHold, For: l.Hold.sample(&r.work)},
		{Do: DoRelease, For: l.Released.sample(&r.work)},
		{Do: DoSleep, For: l.Wait.sample(&r.work)},
	}
}

// share is what this part of the round does of an op. The parts are differences of integer
// fractions, so that they add up to the whole exactly.
func (r *round) share(i int) Op {
	op, n := r.ops[i], time.Duration(max(1, r.run.load.Waits))
	part := time.Duration(r.part)
	op.For = op.For*(part+1)/n - op.For*part/n
	return op
}

// arrivals puts a load's requests into its queue, each at its time. It is a thread of another
// machine (abroad), so it is never late and needs no core. due is summed up, so that no arrival
// shifts the later ones.
type arrivals struct {
	run  *loadRun
	work stream
	due  time.Duration // when the next arrives
	put  bool
}

// next implements code. It alternates between a sleep until due and a put. At least a nanosecond
// lies between two requests, or time would stand still.
func (a *arrivals) next(s *sim, _ *vthread) Op {
	now := s.now
	if a.put = !a.put; a.put {
		a.due += max(a.run.load.Arrivals.sample(&a.work), 1)
		return Op{Do: DoSleep, For: a.due - now}
	}
	if now >= a.run.from {
		a.run.offered++
	}
	return Op{Do: DoPut, Queue: a.run.queue}
}
