//go:build unix

package main

import (
	"os"
	"os/signal"
	"syscall"
)

// notifyReload has SIGHUP reload the replicas.
func notifyReload(reload chan<- os.Signal) { signal.Notify(reload, syscall.SIGHUP) }
