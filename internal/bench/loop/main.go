// Loop compares the event loop with its peers: goja_nodejs and the runtime's own timers in this
// process, Node and asyncio as small scripts that do the same work, where they are installed.
//
//	cd internal/bench && go run ./loop [-rounds 5] [-only regexp]
package main

import (
	"flag"
	"fmt"

	"github.com/quartet-go/quartet/internal/bench/versus"
)

func main() {
	flags := versus.NewFlags()
	kind := flag.String("serve", "", "be a server of this kind: loop, net, handler or http")
	flag.Parse()
	if *kind != "" {
		serve(*kind)
		return
	}
	for _, what := range []string{"node", "python3"} {
		fmt.Println(version(what))
	}
	flags.Run(cases)
}
