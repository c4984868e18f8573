package main

const (
	node    = "internal/task/node.go"
	taskCtx = "internal/task/ctx.go"
)

var taskBreaks = []broken{
	{clause: "C2", what: "the submit's values do not arrive", edits: []edit{
		{taskCtx, "\treturn d.foreign.Value(key)\n}\n", "\treturn nil\n}\n"},
	}},
	{clause: "C2", what: "the submit's deadline does not arrive", edits: []edit{
		{taskCtx, "return c.foreign.Deadline()", "return time.Time{}, false"},
	}},
	{clause: "C2", what: "the end of the submit's ctx does not reach a running task", edits: []edit{
		{"internal/task/life.go", "context.WithCancelCause(l)", "context.WithCancelCause(context.WithoutCancel(l))"},
	}},
	{clause: "C3", what: "a cancelled future runs all the same", edits: []edit{
		{node, "\tif n.Abandon(cause) {\n", "\tif n.State().Pending() {\n"},
	}},
	{clause: "C5", what: "the youngest task starts first", edits: []edit{
		{"internal/task/list.go", "{ return l.first }", "{ return l.last }"},
	}},
	{clause: "C10", what: "waits use a process-wide store of channels", pkg: "./internal/task", run: "^Test", edits: []edit{
		{"internal/task/park.go", "\tp := parking{over: make(chan struct{})}\n", `	kept.Lock()
	p := parking{}
	if last := len(kept.chans) - 1; last >= 0 {
		p.over, kept.chans = kept.chans[last], kept.chans[:last]
	} else {
		p.over = make(chan struct{}, 1)
	}
	kept.Unlock()
	defer func() {
		select {
		case <-p.over:
		default:
		}
		kept.Lock()
		kept.chans = append(kept.chans, p.over)
		kept.Unlock()
	}()
`},
		{"internal/task/park.go", "close(p.over)", "p.over <- struct{}{}"},
		{
			"internal/task/park.go", "type parking struct {",
			"var kept struct {\n\tsync.Mutex\n\tchans []chan struct{}\n}\n\ntype parking struct {",
		},
		{"internal/task/park.go", "\t\"sync/atomic\"\n", "\t\"sync\"\n\t\"sync/atomic\"\n"},
	}},
}
