package gil_test

import (
	"context"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet/gil"
)

// The longest time there is goes to the end of the program, from any moment on.
func TestAdvanceByTheLongestTime(t *testing.T) {
	m := gil.Start(gil.Config{}, gil.StepThread{Step: gil.Cycle(10, gil.Op{Do: gil.DoCompute, For: time.Second})})
	require.NoError(t, m.Advance(context.Background(), time.Second))
	require.False(t, m.Done())
	require.NoError(t, m.Advance(context.Background(), math.MaxInt64))
	require.True(t, m.Done())
	require.Greater(t, m.Now(), 9*time.Second)
}
