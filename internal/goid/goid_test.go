package goid_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/quartet-go/quartet/internal/goid"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestStackFindsOneGoroutine(t *testing.T) {
	number, stop := make(chan int64), make(chan struct{})
	defer close(stop)
	go func() {
		number <- goid.Number()
		<-stop
	}()
	of := <-number
	all := goid.Stacks()
	require.Contains(t, string(goid.Stack(all, goid.Number())), "TestStackFindsOneGoroutine(")
	require.Contains(t, string(goid.Stack(all, of)), "TestStackFindsOneGoroutine.func")
	require.Nil(t, goid.Stack(all, -1))
}

// Reading the stacks of very many goroutines would stop the program: they are counted instead.
func TestTooManyStacksAreNotRead(t *testing.T) {
	stop := make(chan struct{})
	defer close(stop)
	for range goid.Most {
		go func() { <-stop }()
	}
	all := goid.Stacks()
	require.Contains(t, string(all), "no stacks: the program has 20")
	require.Equal(t, all, goid.Stack(all, goid.Number()))
}
