package chart

import (
	"fmt"
	"strings"
	"time"

	"github.com/quartet-go/quartet/examples/compare/internal/result"
)

// Sizes of a model's part, in pixels: its heading, a lane for each worker, and the requests that
// wait, one below the other.
const (
	headingHigh = 22
	laneHigh    = 16
	pingPitch   = 3
	pingRows    = 22
	partGap     = 14
	lanesLeft   = 92
	lanesTop    = 30
	keyLine     = 16
)

// laneChart is the picture of what ran where, and who waited meanwhile.
type laneChart struct {
	canvas
	span time.Duration
	wide tenth // of the plot
	y    tenth
}

// lanesKey explains the signs.
const lanesKey = "Bars: the CPU request runs. Ticks: something else does. Thin lines: a ping waits, until the dot."

// Lanes draws the steps of several models on one time axis. A task labelled heavy is a bar while it
// ran; one labelled ping has a line of its own, from its submit to its answer.
func Lanes(all []result.Lanes, heavy, ping string, width int) string {
	c := laneChart{wide: px(width - lanesLeft - 28)}
	key := wrapped(lanesKey, px(width)-2*margin)
	top := lanesTop + keyLine*len(key)
	scenes, high := make([]scene, len(all)), top+54
	var names []string
	for i, l := range all {
		scenes[i] = read(l, heavy, ping)
		high += scenes[i].high() + partGap
		names, c.span = append(names, l.Model), max(c.span, l.Span)
	}
	c.canvas = canvas{width: px(width), height: px(high)}
	heading := "mixed: the first " + unit(c.span) + ", and who waits meanwhile"
	c.open(heading, heading, lanesKey, names)
	for i, line := range key {
		c.text(textAt{x: margin, y: px(38 + keyLine*i), class: "dim"}, line)
	}
	bottom := px(high - 48)
	for at := time.Duration(0); at <= c.span; at += c.step() {
		c.printf(`<path class="grid" d="M%v %vV%v"/>`, c.at(at), px(top), bottom)
		c.text(textAt{x: c.at(at), y: bottom + px(16), anchor: "middle", class: "dim"}, unit(at))
	}
	c.axisNames("", "time since the first request", bottom)
	c.y = px(top)
	for i, l := range all {
		c.part(l, scenes[i])
		c.y += px(partGap)
	}
	return c.close()
}

// step is from one label of the time axis to the next: 50 ms, or more where that is too close.
func (c *laneChart) step() time.Duration {
	step := 50 * time.Millisecond
	for c.at(step)-c.at(0) < px(60) && step < c.span {
		step *= 2
	}
	return step
}

func (c *laneChart) at(d time.Duration) tenth {
	return px(lanesLeft) + tenth(int64(c.wide)*int64(d/time.Microsecond)/max(1, int64(c.span/time.Microsecond)))
}

// part draws one model.
func (c *laneChart) part(l result.Lanes, s scene) {
	c.text(textAt{x: margin, y: c.y + px(14), class: "head"}, l.Name)
	c.text(textAt{
		x: max(px(lanesLeft), 2*margin+boldLetter*tenth(len([]rune(l.Name)))), y: c.y + px(14),
		class: "dim halo",
	}, s.sum())
	c.y += px(headingHigh)
	for _, lane := range s.lanes {
		c.text(textAt{x: px(lanesLeft - 8), y: c.y + px(12), anchor: "end", class: "dim"}, lane.name)
		c.runs(color(l.Model), lane.heavy, "the CPU request runs")
		c.runs("var(--dim)", lane.light, "something else runs")
		c.y += px(laneHigh)
	}
	c.pings(l.Model, s)
}

// runs draws bars, at least as wide as can be seen.
func (c *laneChart) runs(fill string, runs []span, what string) {
	if len(runs) == 0 {
		return
	}
	var d strings.Builder
	for _, run := range runs {
		from := c.at(run.from)
		fmt.Fprintf(&d, "M%v %vH%vv%vH%vz", from, c.y+px(1), max(c.at(run.to), from+6), px(laneHigh-3), from)
	}
	c.printf(`<path style="fill:%s" d="%s"><title>%s</title></path>`, fill, d.String(), what)
}

// pings draws the requests that are not heavy: where they wait, they pile up.
func (c *laneChart) pings(model string, s scene) {
	var waits, answers strings.Builder
	for i, p := range s.pings {
		y := c.y + px(2+pingPitch*(i%pingRows))
		fmt.Fprintf(&waits, "M%v %vH%v", c.at(p.from), y, c.at(p.to))
		if p.ended {
			fmt.Fprintf(&answers, "M%v %vh0", c.at(p.to), y)
		}
	}
	c.text(textAt{x: px(lanesLeft - 8), y: c.y + px(12), anchor: "end", class: "dim"}, "pings")
	c.printf(`<path style="fill:none;stroke:var(--dim)" d="%s"/>`, waits.String())
	c.printf(`<path style="fill:none;stroke:%s;stroke-width:3;stroke-linecap:round" d="%s"/>`, color(model),
		answers.String())
	c.y += px(s.rows() * pingPitch)
}

// scene is the picture of one model.
type scene struct {
	lanes []lane
	pings []span
}

type lane struct {
	executor string
	number   int
	name     string
	// when heavy requests ran there, and when anything else did
	heavy, light []span
}

type span struct {
	from, to time.Duration
	ended    bool
}

func (s *scene) rows() int { return min(len(s.pings), pingRows) + 2 }

func (s *scene) high() int { return headingHigh + laneHigh*len(s.lanes) + pingPitch*s.rows() }

// sum says how long pings waited.
func (s *scene) sum() string {
	answered, most := 0, time.Duration(0)
	for _, p := range s.pings {
		if p.ended {
			answered, most = answered+1, max(most, p.to-p.from)
		}
	}
	return fmt.Sprintf("%d pings answered, worst %s", answered, unit(most))
}
