package main

import (
	"os"
	"os/signal"
	"runtime/pprof"
)

// profile has this process end at an interrupt, with a CPU profile if file is not empty.
func profile(file string) {
	stop := func() {}
	if file != "" {
		stop = startProfile(file)
	}
	interrupted := make(chan os.Signal, 1)
	signal.Notify(interrupted, os.Interrupt)
	go func() {
		<-interrupted
		stop()
		os.Exit(0)
	}()
}

func startProfile(file string) (stop func()) {
	f, err := os.Create(file)
	check(err)
	check(pprof.StartCPUProfile(f))
	return func() {
		pprof.StopCPUProfile()
		check(f.Close())
	}
}
