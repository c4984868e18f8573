//go:build !race

package quartet_test

const raceEnabled = false
