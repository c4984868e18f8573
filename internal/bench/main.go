// Bench compares the pool with its peers. It is a module of its own, so that nobody who imports
// quartet gets the peers.
//
//	cd internal/bench && go run . [-rounds 5] [-only regexp] [-full]
package main

import (
	"flag"

	"github.com/quartet-go/quartet/internal/bench/versus"
)

func main() {
	flags := versus.NewFlags()
	flag.Parse()
	flags.Run(cases)
}
