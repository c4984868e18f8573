package procpool_test

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
)

// descriptors counts the open ones, but for the runtime's own.
func descriptors() int {
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return -1
	}
	n := 0
	for _, e := range entries {
		if to, err := os.Readlink("/proc/self/fd/" + e.Name()); err == nil && to != "anon_inode:[eventpoll]" &&
			to != "anon_inode:[eventfd]" {
			n++
		}
	}
	return n
}

// process returns what the kernel says of a process: its parent, and its state; '-': it is gone.
func process(pid int) (parent int, state byte) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, '-'
	}
	rest := stat[bytes.LastIndexByte(stat, ')')+2:]
	if _, err := fmt.Sscanf(string(rest), "%c %d", &state, &parent); err != nil {
		return 0, '-'
	}
	return parent, state
}

// children lists this process's, zombies included.
func children() []string {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil
	}
	var found []string
	for _, e := range entries {
		if pid, err := strconv.Atoi(e.Name()); err == nil {
			if parent, state := process(pid); parent == os.Getpid() {
				found = append(found, fmt.Sprintf("%d %c", pid, state))
			}
		}
	}
	return found
}
