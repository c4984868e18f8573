package procpool

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"

	"github.com/quartet-go/quartet"
)

// Replicas are processes of this program that serve one listener, supervised as workers are. All
// accept on the same socket, and the kernel hands each connection to one of them. One that ends is
// replaced; connections wait meanwhile in the socket, or go to another replica.
type Replicas struct {
	pool    *Pool
	service *Service

	// reloading guards no field: it keeps one Reload at a time, and is taken before mu. mu guards
	// the two fields below it.
	reloading sync.Mutex
	mu        sync.Mutex
	slots     []*replica // those that serve
	ended     bool
	running   sync.WaitGroup // of supervise
}

// replica is one place among the replicas, from a Reload to the next. Its processes follow one
// another. The end of ctx ends supervise, and, as the context of the call, the process.
type replica struct {
	cancel  context.CancelCauseFunc
	ctx     context.Context
	serving chan struct{} // closed when its first process has begun
}

// Causes with which a replica's context ends.
var (
	errReplaced = errors.New("procpool: the replica is replaced")
	errServed   = errors.New("procpool: the replicas end")
)

// NewReplicas starts n processes that run service on l, and does not wait for them: that is
// Ready's. cfg is that of their pool: Env, Dir, Grace, the hooks, the limits on memory; what
// concerns calls does not apply. This process must not accept on l, and closing it does not end the
// replicas. The error is that of [New], or errors.ErrUnsupported where processes cannot share a
// listener: on Windows, and for listeners without a descriptor.
func NewReplicas(l net.Listener, n int, service *Service, cfg Config) (*Replicas, error) {
	if n < 1 {
		return nil, errors.New("procpool: NewReplicas needs a process")
	}
	// A descriptor of the pool's own, which closed closes: l stays the caller's.
	file, err := fileOf(l)
	if err != nil {
		return nil, err
	}
	cfg.Command, cfg.script, cfg.extra = nil, nil, file
	// A replica is a call that lasts as long as its process. By MaxTasks 1 a worker retires with
	// its only call, and counts among Workers no more: so a Reload's new process starts beside n
	// old ones. By KillCancelled a process that does not end is killed.
	cfg.Workers, cfg.MinWorkers, cfg.MaxTasks, cfg.Concurrency = n, 0, 1, 1
	cfg.KillCancelled, cfg.RunTimeout, cfg.QueueTimeout, cfg.MaxLifetime, cfg.IdleTimeout = true, 0, 0, 0, 0
	pool, err := New(cfg)
	if err != nil {
		_ = file.Close()
		return nil, err
	}
	r := &Replicas{pool: pool, service: service}
	for range n {
		r.slots = append(r.slots, r.start())
	}
	return r, nil
}

// Serve runs service in n processes on l until ctx ends, and then ends them in order: they accept
// no more, and have Config.Grace (5 s) for the connections that they have. It returns nil then, or
// at once why the processes do not come up. For more of a say, see [NewReplicas].
func Serve(ctx context.Context, l net.Listener, n int, service *Service) error {
	r, err := NewReplicas(l, n, service, Config{})
	if err != nil {
		return err
	}
	if err := r.Ready(ctx); err != nil {
		_ = r.Close()
		if ctx.Err() != nil {
			return nil
		}
		return err
	}
	// From here on a process that ends is replaced, however often.
	<-ctx.Done()
	// ctx has ended, so it cannot bound this wait. KillCancelled does, by Config.Grace.
	return r.Shutdown(context.WithoutCancel(ctx))
}

// start begins a replica. The caller holds mu or is NewReplicas, so that closed cannot wait for
// running before this one counts.
func (r *Replicas) start() *replica {
	s := &replica{serving: make(chan struct{})}
	s.ctx, s.cancel = context.WithCancelCause(context.Background())
	r.running.Go(func() { r.supervise(s) })
	return s
}

const (
	shortestRest = 10 * time.Millisecond
	longRest     = time.Second
	provenAfter  = 10 * time.Second // a process that has served so long is replaced at once
)

// supervise keeps one process serving until the replica's context ends. It is a goroutine of its
// own, which closed joins. After an end it rests before the next process, for longer each time.
func (r *Replicas) supervise(s *replica) {
	rest := shortestRest
	first := true
	for s.ctx.Err() == nil {
		begin := time.Now()
		// Each process is a new call, since a call ends with its worker and is not Idempotent.
		c := &serviceCall{inner: runService, name: r.service.name, ended: make(chan error, 1)}
		err := r.pool.submitService(s.ctx, c)
		if err == nil {
			if first && r.pool.begins(s.ctx, c) {
				// Only for the first process: Ready and Reload ask whether the replica has served
				// at all.
				close(s.serving)
				first = false
			}
			err = <-c.ended
		}
		if s.ctx.Err() != nil {
			return
		}
		if time.Since(begin) > provenAfter {
			rest = shortestRest
		}
		r.pool.warn("a replica has ended and is replaced", "service", r.service.name, "error", err)
		_ = quartet.Sleep(s.ctx, rest)
		rest = min(2*rest, longRest)
	}
}

// Ready returns nil when all replicas serve, and [ErrCrashLoop] at once when a process does not
// come up, with what it said. Else it returns ctx's cause, or [quartet.ErrClosed].
func (r *Replicas) Ready(ctx context.Context) error {
	r.mu.Lock()
	slots := r.slots
	r.mu.Unlock()
	for _, s := range slots {
		if err := r.awaitServing(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

// awaitServing waits for s, or for the error of a process that does not come up.
func (r *Replicas) awaitServing(ctx context.Context, s *replica) error {
	ctx, cancel := context.WithCancelCause(ctx)
	var waker sync.WaitGroup
	defer waker.Wait()
	defer cancel(nil)
	// The pool's news are of workers that come and go, and not of calls that begin. So the end of
	// this context wakes await in their place. The goroutine ends with this function, by cancel.
	waker.Go(func() {
		select {
		case <-s.serving:
			cancel(errReplaced)
		case <-s.ctx.Done():
			cancel(quartet.ErrClosed)
		case <-ctx.Done():
		}
	})
	err := r.pool.await(ctx, func() (bool, error) {
		select {
		case <-s.serving:
			return true, nil
		default:
			return false, r.pool.bootErrorLocked()
		}
	})
	if errors.Is(err, errReplaced) {
		return nil
	}
	return err
}

// Reload replaces all processes by fresh ones, one after the other: each new one serves before an
// old one stops to accept, so that no connection is refused. An old one has Config.Grace for the
// connections that it has. When a new process does not come up, Reload returns why, and the
// remaining old ones stay. Reloads run one after the other.
func (r *Replicas) Reload(ctx context.Context) error {
	r.reloading.Lock()
	defer r.reloading.Unlock()
	for i := range r.slots {
		r.mu.Lock()
		if r.ended {
			r.mu.Unlock()
			return quartet.ErrClosed
		}
		// fresh is in no slot yet, where end would find it. So it starts in one section with the
		// look at ended.
		fresh := r.start()
		r.mu.Unlock()
		if err := r.awaitServing(ctx, fresh); err != nil {
			fresh.cancel(errReplaced)
			return err
		}
		r.mu.Lock()
		// fresh serves, so old may stop to accept: no moment is without a replica.
		old := r.slots[i]
		// A new slice: Ready goes through the old one without the lock.
		slots := append([]*replica(nil), r.slots...)
		slots[i] = fresh
		r.slots = slots
		// end has come meanwhile, and has cancelled only the slots.
		if r.ended {
			fresh.cancel(errServed)
		}
		r.mu.Unlock()
		old.cancel(errReplaced)
	}
	return nil
}

// Workers returns the processes that live.
func (r *Replicas) Workers() []Worker { return r.pool.Workers() }

// Restarts returns how many processes have ended, by cause, as [Pool.Restarts] does. One whose
// service has returned counts as "max tasks".
func (r *Replicas) Restarts() map[string]uint64 { return r.pool.Restarts() }

// end cancels all replicas. The slots stay: Ready finds their contexts ended.
func (r *Replicas) end() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ended = true
	for _, s := range r.slots {
		s.cancel(errServed)
	}
}

// Shutdown has the replicas accept no more and waits until they have ended, and no process,
// goroutine or timer of theirs is left. When ctx ends first it returns ctx's cause, and they go on
// to end by themselves, at the latest after Config.Grace.
func (r *Replicas) Shutdown(ctx context.Context) error {
	r.end()
	if err := r.pool.Shutdown(ctx); err != nil {
		return err
	}
	return r.closed()
}

// Close ends the replicas as Shutdown does; those that have not ended after Config.Grace are
// killed. The error is always nil.
func (r *Replicas) Close() error {
	r.end()
	_ = r.pool.Close()
	return r.closed()
}

// closed waits for the supervisors, and closes this process's copy of the listener. Its nil is the
// result of Shutdown and Close.
func (r *Replicas) closed() error {
	r.running.Wait()
	_ = r.pool.cfg.extra.Close()
	return nil
}
