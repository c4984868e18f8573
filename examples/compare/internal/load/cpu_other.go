//go:build !unix

package load

import "time"

// CPUTimeKnown: the system tells CPU time from wall time.
const CPUTimeKnown = false

var begin = time.Now()

// cpuTime is the wall time where the system does not tell: right for one thread that is not
// disturbed.
func cpuTime() time.Duration { return time.Since(begin) }
