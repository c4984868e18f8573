//go:build race

package workerpool_test

const raceEnabled = true
