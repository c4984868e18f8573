package load

import (
	"context"
	"fmt"
	"os"

	"github.com/quartet-go/quartet"
)

// Resident returns how many bytes of memory the process has that runs it; 0 where the system does
// not tell.
var Resident = quartet.Define("compare.resident", func(context.Context, struct{}) (int64, error) {
	statm, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0, nil // another system
	}
	var size, resident int64
	if _, err := fmt.Sscan(string(statm), &size, &resident); err != nil {
		return 0, err
	}
	return resident * int64(os.Getpagesize()), nil
})
