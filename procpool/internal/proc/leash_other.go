//go:build !linux

package proc

import "os"

// leash is Linux's alone; elsewhere the end of the pipe tells the worker that the parent is gone.
// far is nil, so descriptor 5 stays closed.
type leash struct{ far *os.File }

func newLeash() (*leash, error) { return &leash{}, nil }

func (l *leash) arm(int) error { return nil }

func (l *leash) loose() {}
