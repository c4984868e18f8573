package main

import (
	"context"

	"github.com/alitto/pond/v2"
	"github.com/bytedance/gopkg/util/gopool"
	gammazero "github.com/gammazero/workerpool"
	"github.com/panjf2000/ants/v2"
	"github.com/sourcegraph/conc/pool"
	"golang.org/x/sync/errgroup"

	"github.com/quartet-go/quartet/workerpool"
)

// submitter is a pool as the cases see it.
type submitter struct {
	name string
	open func(workers int) (submit func(func()), shut func())
}

var (
	ours = submitter{"quartet", func(workers int) (func(func()), func()) {
		p := workerpool.New(workerpool.Config{Workers: workers, Queue: 4096})
		return func(fn func()) { _ = p.Go(fn) }, func() { _ = p.Close() }
	}}
	antsPool = submitter{"ants", func(workers int) (func(func()), func()) {
		p, _ := ants.NewPool(workers)
		return func(fn func()) { _ = p.Submit(fn) }, p.Release
	}}
	pondPool = submitter{"pond.Go", func(workers int) (func(func()), func()) {
		p := pond.NewPool(workers, pond.WithQueueSize(4096))
		return func(fn func()) { _ = p.Go(fn) }, p.StopAndWait
	}}
	concPool = submitter{"conc", func(workers int) (func(func()), func()) {
		p := pool.New().WithMaxGoroutines(workers)
		return p.Go, p.Wait
	}}
	gammazeroPool = submitter{"gammazero", func(workers int) (func(func()), func()) {
		p := gammazero.New(workers)
		return p.Submit, p.StopWait
	}}
	errgroupLimit = submitter{"errgroup", func(workers int) (func(func()), func()) {
		var g errgroup.Group
		g.SetLimit(workers)
		return func(fn func()) { g.Go(func() error { fn(); return nil }) }, func() { _ = g.Wait() }
	}}
	gopoolPool = submitter{"gopool", func(workers int) (func(func()), func()) {
		p := gopool.NewPool("bench", int32(workers), gopool.NewConfig())
		return p.Go, func() {}
	}}
	channel = submitter{"channel+N", func(workers int) (func(func()), func()) {
		todo := make(chan func(), 4096)
		for range workers {
			go func() {
				for fn := range todo {
					fn()
				}
			}()
		}
		return func(fn func()) { todo <- fn }, func() { close(todo) }
	}}
	bare = submitter{"go", func(int) (func(func()), func()) {
		return func(fn func()) { go fn() }, func() {}
	}}
)

var background = context.Background()
