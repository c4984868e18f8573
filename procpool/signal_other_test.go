//go:build !unix

package procpool_test

import "os"

func signalSelf(string) { os.Exit(2) }
