package eventloop_test

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"os/exec"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet/eventloop"
	"github.com/quartet-go/quartet/internal/executortest"
)

// op is one statement of a program: it queues a callback that logs ID and runs Body.
type op struct {
	ID     int    `json:"id"`
	Kind   string `json:"kind"`
	Slots  int    `json:"slots,omitempty"`  // a timer's delay
	Times  int    `json:"times,omitempty"`  // after how many ticks an interval stops itself
	Target int    `json:"target,omitempty"` // of clear, unref and ref
	Body   []op   `json:"body,omitempty"`
	Then   []op   `json:"then,omitempty"` // runs after Body, as a promise's next step; logs -ID
}

// generator makes programs whose order Node defines: no two timers fire at about one time, but for
// those that one callback has set for one delay, and no timer meets an immediate.
type generator struct {
	*rand.Rand
	ids   int
	taken map[int]bool   // slots of time at which timers fire
	kinds map[int]string // of the callbacks made so far, by number
	posts bool           // what I/O brings; then no immediate is unreferenced, as the two loops differ there by design
}

func newGenerator(seed uint64) *generator {
	r := rand.New(rand.NewPCG(seed, 20))
	return &generator{Rand: r, taken: make(map[int]bool), kinds: make(map[int]string), posts: r.IntN(2) == 0}
}

// program is never empty.
func (g *generator) program() (ops []op) {
	for len(ops) == 0 {
		ops = g.body(4, 0)
	}
	return ops
}

const lastSlot = 6

func (g *generator) body(depth, slot int) (ops []op) {
	if depth == 0 {
		return nil
	}
	for range g.IntN(5) {
		ops = append(ops, g.op(depth-1, slot)...)
	}
	return ops
}

func (g *generator) op(depth, slot int) []op {
	g.ids++
	o := op{ID: g.ids}
	switch kind := g.IntN(14); kind {
	case 0, 1:
		return g.timers(o, depth, slot)
	case 2, 3:
		o.Kind = "immediate"
	case 4, 5:
		o.Kind = "tick"
	case 6:
		o.Kind = "microtask"
	case 7, 8:
		o.Kind = []string{"promise", "async"}[kind-7]
		o.Then = g.body(depth, slot)
	case 9:
		o.Kind, o.Target = "clear", 1+g.IntN(g.ids+2)
		return []op{o}
	case 10:
		o.Kind = "closing"
	case 11:
		if !g.posts {
			return nil
		}
		o.Kind = "post"
	default:
		return g.refs(o)
	}
	g.kinds[o.ID] = o.Kind
	o.Body = g.body(depth, slot)
	return []op{o}
}

// refs returns an op that says whether something made before keeps the loop alive.
func (g *generator) refs(o op) []op {
	o.Kind = []string{"unref", "unref", "unref", "ref"}[g.IntN(4)]
	o.Target = max(1, g.ids-1-g.IntN(4)) // made lately, so that it may not have run
	if g.posts && g.kinds[o.Target] == "immediate" {
		return nil
	}
	return []op{o}
}

// timers returns a timer, two for one time, or an interval.
func (g *generator) timers(o op, depth, slot int) []op {
	at := slot + 1 + g.IntN(3)
	if at > lastSlot || g.taken[at] {
		return nil
	}
	g.taken[at] = true
	o.Kind, o.Slots = "timer", at-slot
	if again := 2*at - slot; g.IntN(4) == 0 && again <= lastSlot && !g.taken[again] {
		g.taken[again] = true
		o.Kind, o.Times = "interval", 2 // its body runs at two times, and so sets no timers
		return []op{o}
	}
	ops := []op{o}
	if g.IntN(3) == 0 {
		g.ids++
		ops = append(ops, op{ID: g.ids, Kind: "timer", Slots: o.Slots})
	}
	ops[0].Body = g.body(depth, at)
	return ops
}

// onTheLoop runs a program in virtual time.
func onTheLoop(t *testing.T, program []op) (log []int) {
	synctest.Test(t, func(t *testing.T) {
		l := eventloop.New(eventloop.Config{})
		stops := make(map[int]func() bool)
		handles := make(map[int]interface {
			Ref()
			Unref()
		})
		var run func(ops []op)
		call := func(id int, body []op) {
			log = append(log, id)
			run(body)
		}
		then := func(o op) func() { return func() { call(-o.ID, o.Then) } }
		run = func(ops []op) {
			for _, o := range ops {
				fn, delay := func() { call(o.ID, o.Body) }, time.Duration(o.Slots)*time.Second
				switch o.Kind {
				case "timer":
					timer := l.AfterFunc(delay, fn)
					stops[o.ID], handles[o.ID] = timer.Stop, timer
				case "interval":
					left := o.Times
					every := l.Every(delay, func() {
						fn()
						if left--; left == 0 {
							stops[o.ID]()
						}
					})
					stops[o.ID], handles[o.ID] = every.Stop, every
				case "immediate":
					immediate := l.Immediate(fn)
					stops[o.ID], handles[o.ID] = immediate.Stop, immediate
				case "post":
					require.NoError(t, l.Post(fn))
				case "closing":
					l.PostClosing(fn)
				case "tick":
					l.NextTick(fn)
				case "microtask":
					l.Microtask(fn)
				case "promise":
					l.Microtask(func() { fn(); l.Microtask(then(o)) })
				case "async":
					fn()
					l.Microtask(then(o))
				case "clear":
					if stop := stops[o.Target]; stop != nil {
						stop()
					}
				case "unref":
					if h := handles[o.Target]; h != nil {
						h.Unref()
					}
				case "ref":
					if h := handles[o.Target]; h != nil {
						h.Ref()
					}
				}
			}
		}
		l.AfterFunc(0, func() { run(program) })
		require.NoError(t, l.Run(t.Context()))
		require.NoError(t, l.Close())
	})
	return log
}

// inNode runs programs in Node, where a slot is so many milliseconds.
func inNode(t *testing.T, unit int, programs [][]op) (logs [][]int) {
	t.Helper()
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("node is not installed")
	}
	input, err := json.Marshal(map[string]any{"unit": unit, "programs": programs})
	require.NoError(t, err)
	cmd := exec.Command(node, "testdata/order.js")
	cmd.Stdin = bytes.NewReader(input)
	out, err := cmd.Output()
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(out, &logs))
	require.Len(t, logs, len(programs))
	return logs
}

// Random programs run in the same order here and in Node. A busy machine may keep Node for longer
// than a slot: a program that differs is tried again with longer ones.
func TestOrderIsNodes(t *testing.T) {
	if !executortest.Long() {
		t.Skip("takes a minute, in real time: run with -long")
	}
	var programs [][]op
	for seed := range uint64(2000) {
		programs = append(programs, newGenerator(seed).program())
	}
	lines, kinds := 0, make(map[string]int)
	for unit, again := 8, 0; len(programs) > 0; unit, again = 5*unit, again+1 {
		logs := inNode(t, unit, programs)
		var differ [][]op
		for i, program := range programs {
			ours := onTheLoop(t, program)
			if !slices.Equal(ours, logs[i]) {
				differ = append(differ, program)
				if again == 3 {
					text, _ := json.Marshal(program)
					t.Errorf("Node and the loop differ\n%s\nNode %v\nloop %v", text, logs[i], ours)
				}
				continue
			}
			lines += len(ours)
			count(kinds, program)
		}
		t.Logf("%d programs at %d ms a slot, %d to be tried again", len(programs), unit, len(differ))
		if programs = differ; again == 3 {
			break
		}
	}
	t.Logf("%d callbacks in one order; statements: %v", lines, kinds)
}

func count(kinds map[string]int, ops []op) {
	for _, o := range ops {
		kinds[o.Kind]++
		count(kinds, o.Body)
		count(kinds, o.Then)
	}
}
