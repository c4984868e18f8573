package proc

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
)

// maxFamily bounds how many processes are looked at for one worker. A worker that starts thousands
// of processes must not keep the pool's care busy with /proc.
const maxFamily = 256

// ResidentMemory returns how much memory a process and its descendants hold, in bytes; 0: unknown.
// A process without children is asked for its resident pages. In a family the pages that several
// share count once (PSS).
//
// The pool asks it again and again while workers have a limit of memory (Config.MemorySoft,
// MemoryHard). PSS is exact in a family, but costs the kernel a walk through all mappings, so it is
// asked for families alone.
func ResidentMemory(pid int) (bytes int64) {
	family := familyOf(pid)
	if len(family) == 1 {
		return resident(pid)
	}
	for _, member := range family {
		bytes += share(member)
	}
	return bytes
}

// familyOf returns pid and its descendants, breadth first. Processes come and go while it reads, so
// it is a guess: one that has ended gives no children, and one that is new is found at the next
// look. A process whose parent has ended is another one's child, and is not found.
func familyOf(pid int) []int {
	family := []int{pid}
	for i := 0; i < len(family) && len(family) < maxFamily; i++ {
		lists, _ := filepath.Glob("/proc/" + strconv.Itoa(family[i]) + "/task/*/children")
		for _, list := range lists {
			data, _ := os.ReadFile(list)
			for field := range bytes.FieldsSeq(data) {
				if child, err := strconv.Atoi(string(field)); err == nil {
					family = append(family, child)
				}
			}
		}
	}
	return family
}

// resident reads the second field of statm, which counts pages.
func resident(pid int) int64 {
	data, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/statm")
	if fields := bytes.Fields(data); err == nil && len(fields) > 1 {
		pages, _ := strconv.ParseInt(string(fields[1]), 10, 64)
		return pages * int64(os.Getpagesize())
	}
	return 0
}

// share is the process's proportional share of its memory. An older kernel, or a process of another
// user, has no smaps_rollup to read; then its resident pages count in full.
func share(pid int) int64 {
	data, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/smaps_rollup")
	if err != nil {
		return resident(pid)
	}
	for line := range bytes.Lines(data) {
		if rest, ok := bytes.CutPrefix(line, []byte("Pss:")); ok {
			kibibytes, _ := strconv.ParseInt(string(bytes.Fields(rest)[0]), 10, 64)
			return kibibytes << 10
		}
	}
	return 0
}
