package natspool_test

import (
	"os"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if role, ok := roles[os.Getenv("NATSPOOL_ROLE")]; ok {
		go func() { // the end of the test is the end of its processes
			_, _ = os.Stdin.Read(make([]byte, 1))
			os.Exit(0)
		}()
		role()
		return
	}
	goleak.VerifyTestMain(m)
}
