//go:build !race

package gil

const underRace = false
