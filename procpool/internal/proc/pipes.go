package proc

import (
	"os"
	"os/exec"
	"time"
)

// Pipes are the pool's ends of what leads to a worker, and, until it has started, the worker's ends
// too.
type Pipes struct {
	In, Out, Stdout, Stderr *os.File
	Page                    *os.File // nil: no ledger
	leash                   *leash
	Extra                   *os.File // the caller's, which the worker gets too; nil: none
	far                     struct{ in, out, stdout, stderr *os.File }
}

// NewPipes makes the pipes of one worker, and where the system can do that the file which it shares
// with its pool: of pageSize, and up to wholeSize when more is written.
func NewPipes(pageSize int, wholeSize int64) (ps *Pipes, err error) {
	ps = &Pipes{}
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
// the worker finds in, out and page; page 0: none.
func (ps *Pipes) Attach(cmd *exec.Cmd) (in, out, page uintptr) {
	cmd.Stdout, cmd.Stderr = ps.far.stdout, ps.far.stderr
	return ps.give(cmd)
}

// Arm ties the started worker to this process: it dies with it, where the system can do that.
func (ps *Pipes) Arm(p *os.Process) error { return ps.leash.arm(p.Pid) }

// CloseFar closes the worker's ends, when it has started.
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
// and that has left its group, still holds them.
const drainTime = time.Second

// Expire bounds the reads and writes that are left when the worker is dead.
func (ps *Pipes) Expire() {
	_ = ps.In.Close()
	at := time.Now().Add(drainTime)
	for _, f := range []*os.File{ps.Out, ps.Stdout, ps.Stderr} {
		_ = f.SetReadDeadline(at)
	}
}
