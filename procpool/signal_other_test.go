//go:build !unix

package procpool_test

import (
	"os"
	"runtime"
	"testing"

	"github.com/quartet-go/quartet/procpool"
)

func signalSelf(string) { os.Exit(2) }

func exhaustMemory() { os.Exit(2) }

var escapes = pid

func stop(t *testing.T, _ *procpool.Pool) { t.Skip("no process can be stopped on " + runtime.GOOS) }
