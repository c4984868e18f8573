//go:build race

package gil

const underRace = true
