package procpool_test

import (
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"

	"github.com/quartet-go/quartet/procpool"
)

// The test binary is also what the tests start: a worker of another language that misbehaves, or a parent to be killed.
const (
	envFake   = "QUARTET_TEST_FAKE"
	envParent = "QUARTET_TEST_PARENT"
)

func TestMain(m *testing.M) {
	switch mode := os.Getenv(envFake); mode {
	case "":
	case "suite": // without Init
		os.Exit(m.Run())
	case "forgetful":
		_, err := procpool.New(procpool.Config{})
		fmt.Println(err)
		os.Exit(0)
	default:
		procpool.FakeWorker(mode)
	}
	procpool.Init()
	if os.Getenv(envParent) != "" {
		parent()
	}
	goleak.VerifyTestMain(m)
}
