package proc

import (
	"os"
	"os/exec"
	"time"
)

// Pipes are the pool's ends of what leads to a worker, and, until it has started, the worker's ends
// too.
//
// In is written by the worker's sender alone, Out read by whoever has the turn to read, Stdout and
// Stderr by a goroutine each. Page stays open until the worker is buried, for its ledger.
type Pipes struct {
	In, Out, Stdout, Stderr *os.File
	Page                    *os.File // nil: no ledger
	leash                   *leash
	Extra                   *os.File // the caller's, which the worker gets too; nil: none
	far                     struct{ in, out, stdout, stderr *os.File }
}

// NewPipes makes the pipes of one worker, and where the system can do that the file which it shares
// with its pool: of pageSize, and up to wholeSize when more is written.
//
// It either makes all pipes, or closes those that it has made and returns the error: a shortage of
// descriptors (Shortage) must not leak the rest of them.
func NewPipes(pageSize int, wholeSize int64) (ps *Pipes, err error) {
	ps = &Pipes{}
	// After the first failure it does nothing.
	open := func(r, w **os.File) {
		if err == nil {
			*r, *w, err = os.Pipe()
		}
	}
	open(&ps.far.in, &ps.In)
	open(&ps.Out, &ps.far.out)
	open(&ps.Stdout, &ps.far.stdout)
	open(&ps.Stderr, &ps.far.stderr)
	if err == nil {
		ps.leash, err = newLeash()
	}
	if err != nil {
		ps.Close()
		return nil, err
	}
	enlarge(ps.In)
	enlarge(ps.Out)
	ps.Page, _ = newPage(pageSize, wholeSize)
	return ps, nil
}

// Attach gives cmd the far ends, and a process group of its own. It returns the numbers under which
// the worker finds in, out and page; page 0: none. The caller starts cmd after that, and closes the
// far ends then: while the pool has them open, the pipes of a dead worker do not end.
func (ps *Pipes) Attach(cmd *exec.Cmd) (in, out, page uintptr) {
	cmd.Stdout, cmd.Stderr = ps.far.stdout, ps.far.stderr
	return ps.give(cmd)
}

// Arm ties the started worker to this process: it dies with it, where the system can do that. p is
// the leader of its group, so its number is the group's, too.
func (ps *Pipes) Arm(p *os.Process) error { return ps.leash.arm(p.Pid) }

// CloseFar closes the worker's ends, when it has started. A second call does no harm, so Close may
// follow.
func (ps *Pipes) CloseFar() {
	for _, f := range []*os.File{ps.far.in, ps.far.out, ps.far.stdout, ps.far.stderr} {
		_ = f.Close() // nil is an error like others
	}
}

// Close closes all that is open.
func (ps *Pipes) Close() {
	ps.CloseFar()
	for _, f := range []*os.File{ps.In, ps.Out, ps.Stdout, ps.Stderr, ps.Page} {
		_ = f.Close()
	}
	if ps.leash != nil {
		ps.leash.loose()
	}
}

// drainTime is how long the pipes of a dead worker are read while a process that it has started,
// and that has left its group, still holds them. Such a process would otherwise keep the pool from
// burying the worker, and its calls from failing, for as long as it lives.
const drainTime = time.Second

// Expire bounds the reads and writes that are left when the worker is dead. The worker's last
// frames and lines are in the pipes still, and are read to the end, which comes at once where
// nobody else holds them.
func (ps *Pipes) Expire() {
	_ = ps.In.Close()
	at := time.Now().Add(drainTime)
	for _, f := range []*os.File{ps.Out, ps.Stdout, ps.Stderr} {
		_ = f.SetReadDeadline(at)
	}
}
