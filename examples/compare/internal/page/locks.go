package page

import (
	"html/template"
	"strings"
	"time"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/gil"
)

// Timeline is a picture of threads under a policy of package gil, in virtual time.
type Timeline struct {
	About string
	drawn
}

func computing(label string, d time.Duration) gil.StepThread {
	return gil.StepThread{Label: label, Step: gil.Cycle(1, gil.Op{Do: gil.DoCompute, For: d})}
}

// timelines are the same two threads under a lock and without, and one that waits beside one that
// computes.
func timelines() (all []Timeline, err error) {
	waiting := func() gil.StepThread {
		return gil.StepThread{
			Label: "I/O",
			Step: gil.Cycle(8, gil.Op{Do: gil.DoSleep, For: time.Millisecond},
				gil.Op{Do: gil.DoCompute, For: 200 * time.Microsecond}),
		}
	}
	for _, p := range []struct {
		about   string
		policy  gil.Policy
		threads []gil.StepThread
	}{
		{
			"Two threads that compute, CPython 3.8's lock: they take turns, an interval of 5 ms each.", gil.CPython38(),
			[]gil.StepThread{computing("one", 20*time.Millisecond), computing("two", 20*time.Millisecond)},
		},
		{
			"One that waits beside one that computes, the same lock: as long as that computes, each wait ends an interval late.",
			gil.CPython38(),
			[]gil.StepThread{computing("CPU", 40*time.Millisecond), waiting()},
		},
		{
			"The same two without a lock: each has a core, and both are done in half of the time.", gil.Free(),
			[]gil.StepThread{computing("one", 20*time.Millisecond), computing("two", 20*time.Millisecond)},
		},
	} {
		var seen quartet.Timeline
		if _, err := gil.Simulate(gil.Config{Policy: p.policy, Cores: 2, Observer: &seen}, 0,
			p.threads...); err != nil {
			return nil, err
		}
		t := Timeline{About: p.about}
		for column, svg := range map[int]*template.HTML{desk: &t.Desk, phone: &t.Phone} {
			var b strings.Builder
			if err := seen.WriteSVG(&b, column+2*timelineMargin); err != nil {
				return nil, err
			}
			*svg = template.HTML(b.String())
		}
		all = append(all, t)
	}
	return all, nil
}
