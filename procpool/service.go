package procpool

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"time"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/procpool/internal/proc"
)

// Service is a function that serves a listener in processes of their own. Make one with
// [DefineService], run it with [Serve].
type Service struct{ name string }

var services struct {
	// mu guards byName.
	mu     sync.Mutex
	byName map[string]func(context.Context, net.Listener) error
}

// DefineService names a function that accepts on l until ctx ends, finishes its connections, and
// returns: as http.Server's Serve and Shutdown do. ctx ends a moment after the replica has been
// told to: first l accepts no more, and the connections that it has just accepted are answered.
// Replicas are this program, started again, and find the function by its name, so call it while the
// program starts, at package level. It panics on an empty or repeated name and on a nil function.
func DefineService(name string, serve func(ctx context.Context, l net.Listener) error) *Service {
	if name == "" || serve == nil {
		panic("procpool: DefineService needs a name and a function")
	}
	services.mu.Lock()
	defer services.mu.Unlock()
	if services.byName[name] != nil {
		panic(fmt.Sprintf("procpool: a service is called %q already", name))
	}
	if services.byName == nil {
		services.byName = make(map[string]func(context.Context, net.Listener) error)
	}
	// The replicas are this program, so each of them fills the table alike, and finds the function
	// by name.
	services.byName[name] = serve
	return &Service{name}
}

// runService is the call that a replica runs, as long as it lives.
var runService = quartet.Define("procpool.service", func(ctx context.Context, name string) (struct{}, error) {
	services.mu.Lock()
	serve := services.byName[name]
	services.mu.Unlock()
	if serve == nil {
		return struct{}{}, fmt.Errorf("procpool: no service is called %q", name)
	}
	// NewReplicas has passed the socket on (Config.extra). FileListener makes a descriptor of its
	// own.
	file := proc.Extra("procpool listener")
	l, err := net.FileListener(file)
	_ = file.Close()
	if err != nil {
		return struct{}{}, fmt.Errorf("procpool: the listener of service %q: %w", name, err)
	}
	return struct{}{}, runReplica(ctx, newReplicaListener(l), serve)
})

// firstAnswer is how long a new connection may take until it is answered, or its request is at
// least read, before the service is told to end.
const firstAnswer = time.Second

// runReplica runs serve until ctx ends, and then first has nothing more accepted. It returns when
// the last connection is closed; that need not be: the pool kills the process after Config.Grace.
func runReplica(ctx context.Context, l *replicaListener, serve func(context.Context, net.Listener) error) error {
	// serve hears of the end later than ctx: first nothing more is accepted, and the accepted
	// connections are answered.
	inner, end := context.WithCancelCause(context.WithoutCancel(ctx))
	defer end(nil)
	stop := context.AfterFunc(ctx, func() {
		// On a goroutine of the context's, while serve goes on.
		l.pause()
		l.await(firstAnswer, l.answeredLocked)
		// A server that stops might wait for clients that send nothing.
		l.dropSilent()
		end(context.Cause(ctx))
	})
	defer stop()
	err := serve(inner, l)
	_ = l.Close()
	// A serve that ends by itself may leave connections: they are cut when the process ends.
	if ctx.Err() != nil {
		l.await(0, l.quietLocked)
	}
	return err
}

// fileOf is a copy of l's descriptor, for the replicas.
func fileOf(l net.Listener) (*os.File, error) {
	f, ok := l.(interface{ File() (*os.File, error) })
	if !ok || !proc.CanShareListener {
		return nil, fmt.Errorf("procpool: %w: a %T cannot be shared by processes here", errors.ErrUnsupported, l)
	}
	return f.File()
}
