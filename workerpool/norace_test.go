//go:build !race

package workerpool_test

const raceEnabled = false
