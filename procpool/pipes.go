package procpool

import (
	"os"
	"time"
)

// pipes are the pool's ends of what leads to a worker, and, until it has started, the worker's ends too.
type pipes struct {
	in, out, stdout, stderr *os.File
	page                    *os.File // nil: no ledger
	leash                   *leash
	far                     struct{ in, out, stdout, stderr *os.File }
}

func newPipes() (ps *pipes, err error) {
	ps = &pipes{}
	open := func(r, w **os.File) {
		if err == nil {
			*r, *w, err = os.Pipe()
		}
	}
	open(&ps.far.in, &ps.in)
	open(&ps.out, &ps.far.out)
	open(&ps.stdout, &ps.far.stdout)
	open(&ps.stderr, &ps.far.stderr)
	if err == nil {
		ps.leash, err = newLeash()
	}
	if err != nil {
		ps.close()
		return nil, err
	}
	enlarge(ps.in)
	enlarge(ps.out)
	ps.page, _ = newPage()
	return ps, nil
}

func (ps *pipes) closeFar() {
	for _, f := range []*os.File{ps.far.in, ps.far.out, ps.far.stdout, ps.far.stderr} {
		_ = f.Close() // nil is an error like others
	}
}

func (ps *pipes) close() {
	ps.closeFar()
	for _, f := range []*os.File{ps.in, ps.out, ps.stdout, ps.stderr, ps.page} {
		_ = f.Close()
	}
	if ps.leash != nil {
		ps.leash.loose()
	}
}

// drainTime is how long the pipes of a dead worker are read while a process that it has started, and that has left its
// group, still holds them.
const drainTime = time.Second

// expire bounds the reads and writes that are left when the worker is dead.
func (ps *pipes) expire() {
	_ = ps.in.Close()
	at := time.Now().Add(drainTime)
	for _, f := range []*os.File{ps.out, ps.stdout, ps.stderr} {
		_ = f.SetReadDeadline(at)
	}
}
