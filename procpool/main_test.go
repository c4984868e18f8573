package procpool_test

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/quartet-go/quartet/procpool"
)

// The test binary is also what the tests start: a worker of another language that misbehaves, or a
// parent to be killed.
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
	switch os.Getenv(envParent) {
	case "":
	case "prints":
		printsByDefault()
	default:
		parent()
	}
	findInterpreter()
	skipExamplesWithout("python3", "ExamplePython", "ExamplePython_stream", "ExampleForeignError")
	skipExamplesWithout("node", "ExampleNode", "ExampleNode_stream")
	manyAtOnce()
	fds := descriptors()
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		for range 100 { // a process that was only looked for has a descriptor until it is collected
			if runtime.GC(); descriptors() == fds {
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
		if after, left := descriptors(), children(); code == 0 && (after != fds || len(left) > 0) {
			fmt.Printf("after all tests: %d descriptors, %d before; children %v\n", after, fds, left)
			code = 1
		}
		os.Exit(code)
	}))
}

// manyAtOnce has more parallel tests run than there are CPUs, unless a flag says how many: they
// mostly wait for processes.
func manyAtOnce() {
	if err := flag.Set("test.parallel", strconv.Itoa(2*runtime.GOMAXPROCS(0))); err != nil {
		panic(err)
	}
}

// findInterpreter puts the folder of the real python3 before that of a version manager, whose
// wrapper takes longer than the interpreter. Tests start it more than a hundred times.
func findInterpreter() {
	path, err := exec.Command("python3", "-c", "import sys; print(sys.executable)").Output()
	if err != nil {
		return // tests will say so
	}
	folder := filepath.Dir(strings.TrimSpace(string(path)))
	if err := os.Setenv("PATH", folder+string(os.PathListSeparator)+os.Getenv("PATH")); err != nil {
		panic(err)
	}
}

// skipExamplesWithout skips examples whose interpreter does not run here: unlike a test, an example
// cannot skip itself.
func skipExamplesWithout(program string, examples ...string) {
	if exec.Command(program, "--version").Run() == nil {
		return
	}
	skip := flag.Lookup("test.skip").Value
	pattern := "^(" + strings.Join(examples, "|") + ")$"
	if given := skip.String(); given != "" {
		pattern = given + "|" + pattern
	}
	if err := skip.Set(pattern); err != nil {
		panic(err)
	}
}
