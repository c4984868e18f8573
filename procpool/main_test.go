package procpool_test

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/quartet-go/quartet/procpool"
)

func TestMain(m *testing.M) {
	procpool.Init()
	goleak.VerifyTestMain(m)
}
