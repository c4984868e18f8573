package main

import (
	"fmt"
	"math"
	"strings"
)

// chart draws requests per second against threads, a column for each doubling's part: a letter for
// each model, * where they are together, and the closed form of one lock as dots.
func (a *answer) chart(width, height int) string {
	rows := make([][]byte, height)
	for i := range rows {
		rows[i] = []byte(strings.Repeat(" ", width))
	}
	top, last := a.top(), a.curves[0].figures[len(a.curves[0].figures)-1].threads
	row := func(rate float64) int { return height - 1 - int(math.Round(rate/top*float64(height-1))) }
	one := a.curves[0]
	for x := range width {
		rows[row(a.bound(one.model, threadsAt(x, width, last)))][x] = '.'
	}
	for _, c := range a.curves {
		for _, f := range c.figures {
			cell := &rows[row(f.perSecond.median)][columnOf(f.threads, width, last)]
			if *cell == ' ' || *cell == '.' {
				*cell = c.mark
			} else {
				*cell = '*'
			}
		}
	}
	var b strings.Builder
	b.WriteString("requests/s\n")
	for i, r := range rows {
		label := ""
		if i%5 == 0 {
			label = fmt.Sprintf("%.0f", top*float64(height-1-i)/float64(height-1))
		}
		fmt.Fprintf(&b, "%8s |%s\n", label, strings.TrimRight(string(r), " "))
	}
	axis, names := []byte(strings.Repeat("-", width)), []byte(strings.Repeat(" ", width+4))
	if x := columnOf(max(1, int(math.Round(one.knee))), width, last); one.knee > 0 && x < width {
		axis[x] = '^'
	}
	for _, f := range one.figures {
		text := fmt.Sprint(f.threads)
		x := columnOf(f.threads, width, last)
		if names[max(0, x-1)] == ' ' {
			copy(names[x:], text)
		}
	}
	fmt.Fprintf(&b, "%8s +%s\n%8s  %s threads\n\n", "", axis, "", strings.TrimRight(string(names), " "))
	for _, c := range a.curves {
		fmt.Fprintf(&b, "%c %s   ", c.mark, c.name)
	}
	b.WriteString("* more than one\n. the most that one lock can do: min(n/(c+b), 1/c, cores/CPU)   ^ its knee\n")
	return b.String()
}

// top is the highest of all bands.
func (a *answer) top() float64 {
	top := 0.0
	for _, c := range a.curves {
		for _, f := range c.figures {
			top = max(top, f.perSecond.most, a.curves[0].at(f.threads).bound)
		}
	}
	return top
}

// columnOf and threadsAt are a logarithmic scale and its inverse.
func columnOf(threads, width, last int) int {
	if last == 1 {
		return 0
	}
	return int(math.Round(math.Log(float64(threads)) / math.Log(float64(last)) * float64(width-1)))
}

func threadsAt(x, width, last int) int {
	return max(1, int(math.Round(math.Exp(math.Log(float64(last))*float64(x)/float64(width-1)))))
}
