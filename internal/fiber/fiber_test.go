package fiber_test

import (
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/quartet-go/quartet/internal/fiber"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestSuspendAndResume(t *testing.T) {
	var p fiber.Pool
	defer p.Close()
	var trace []string
	var f *fiber.Fiber
	f = p.New(func() {
		trace = append(trace, "a")
		f.Suspend()
		trace = append(trace, "c")
	})
	require.Equal(t, fiber.Suspended, f.Resume())
	trace = append(trace, "b")
	require.Equal(t, fiber.Returned, f.Resume())
	require.Equal(t, []string{"a", "b", "c"}, trace)
}

func boom() { panic("boom") }

func TestPanicKeepsItsStackAndTheFiberIsReused(t *testing.T) {
	var p fiber.Pool
	defer p.Close()
	f := p.New(boom)
	require.Equal(t, fiber.Panicked, f.Resume())
	require.Equal(t, "boom", f.Value)
	require.Contains(t, string(f.Stack), "fiber_test.boom")
	again := p.New(func() {})
	require.Same(t, f, again)
	require.Equal(t, fiber.Returned, again.Resume())
	require.Nil(t, again.Value)
}

func TestGoexitEndsTheFiberAlone(t *testing.T) {
	var p fiber.Pool
	defer p.Close()
	var f *fiber.Fiber
	f = p.New(func() {
		f.Suspend()
		runtime.Goexit()
	})
	require.Equal(t, fiber.Suspended, f.Resume())
	require.Equal(t, fiber.Exited, f.Resume())
	ran := false
	require.Equal(t, fiber.Returned, p.New(func() { ran = true }).Resume())
	require.True(t, ran)
}

func TestNestedFibers(t *testing.T) {
	var p fiber.Pool
	defer p.Close()
	depth := 0
	var down func(n int)
	down = func(n int) {
		depth++
		if n > 0 {
			p.New(func() { down(n - 1) }).Resume()
		}
	}
	down(1000)
	require.Equal(t, 1001, depth)
}

func BenchmarkRun(b *testing.B) {
	var p fiber.Pool
	defer p.Close()
	nop := func() {}
	for b.Loop() {
		p.New(nop).Resume()
	}
}
