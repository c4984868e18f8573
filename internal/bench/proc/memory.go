package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/internal/bench/versus"
	"github.com/quartet-go/quartet/procpool"
)

var pid = quartet.Define("bench.pid", func(ctx context.Context, _ int) (int, error) {
	return os.Getpid(), quartet.Sleep(ctx, 100*time.Millisecond) // so that the other worker gets the other call
})

// pss is the mean memory of two workers at rest, in KiB, with shared pages counted in proportion.
func pss() (float64, error) {
	p := open(procpool.Config{})
	defer func() { check(p.Close()) }()
	deep(p, 100)
	pids, err := quartet.AwaitAll(background, pid.Go(background, p, 0), pid.Go(background, p, 1))
	check(err)
	time.Sleep(300 * time.Millisecond)
	total := 0
	for _, id := range pids {
		kib, err := pssOf(id)
		if errors.Is(err, os.ErrNotExist) {
			return 0, versus.ErrMissing // no Linux
		}
		check(err)
		total += kib
	}
	return float64(total) / float64(len(pids)), nil
}

func pssOf(pid int) (kib int, err error) {
	f, err := os.Open(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
	if err != nil {
		return 0, err
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if text, ok := strings.CutPrefix(lines.Text(), "Pss:"); ok {
			_, err := fmt.Sscan(text, &kib)
			return kib, err
		}
	}
	return 0, errors.New("smaps_rollup has no Pss")
}
