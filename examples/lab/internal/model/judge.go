package model

import (
	"fmt"
	"math"
	"strings"
	"time"
)

// Verdict is what became of a question.
type Verdict struct {
	Right int    `json:"right"` // the option that is right with these settings; -1: none is
	Says  string `json:"says"`  // the figure
}

// Judge answers the question of a station, with other settings than its own perhaps.
func Judge(station string, s Settings) (Verdict, error) {
	for _, st := range Stations {
		if st.Name == station {
			if err := s.Check(); err != nil {
				return Verdict{}, err
			}
			return st.judge(s, st.Options)
		}
	}
	return Verdict{}, fmt.Errorf("lab: no station is called %q", station)
}

// judge answers a question.
type judge func(s Settings, options []Option) (Verdict, error)

const most = math.MaxInt64

// keepers judges which models keep the rule, losers which lose updates.
func keepers(s Settings, options []Option) (Verdict, error) {
	return among(s, options, "the rule is kept by ", func(a Answer) bool { return a.Keeps })
}

func losers(s Settings, options []Option) (Verdict, error) {
	return among(s, options, "updates are lost by ", func(a Answer) bool { return a.Lost > 0 })
}

func among(s Settings, options []Option, what string, is func(Answer) bool) (Verdict, error) {
	var those []string
	for _, m := range Models {
		a, err := Run(m, s)
		if err != nil {
			return Verdict{}, err
		}
		if is(a) {
			those = append(those, m)
		}
	}
	v := Verdict{Right: -1, Says: what + listed(those)}
	for i, o := range options {
		if o.models == strings.Join(those, " ") {
			v.Right = i
		}
	}
	return v, nil
}

// listed names models in a sentence.
func listed(models []string) string {
	if len(models) == 0 {
		return "none of them"
	}
	last := "the " + models[len(models)-1]
	if len(models) == 1 {
		return last
	}
	return "the " + strings.Join(models[:len(models)-1], ", the ") + " and " + last
}

func loopP99(s Settings, options []Option) (Verdict, error) {
	a, err := Run("loop", s)
	return within(options, a.P99, "99 of 100 take", a.P99AtLeast), err
}

func lockP50(s Settings, options []Option) (Verdict, error) {
	a, err := Run("lock", s)
	return within(options, a.P50, "half of them take", a.P50AtLeast), err
}

// within returns the first option that a time is below. With more, some would take longer: not all
// were answered.
func within(options []Option, took time.Duration, words string, more bool) Verdict {
	v := Verdict{Right: firstAbove(options, int64(took)), Says: words + " at most " + Millis(took)}
	if more {
		v.Says += " or more: not all were answered"
	}
	return v
}

func firstAbove(options []Option, figure int64) (option int) {
	for figure >= options[option].below {
		option++
	}
	return option
}

// kneeOfLoop finds the rate from which on the loop breaks the rule.
func kneeOfLoop(s Settings, options []Option) (Verdict, error) {
	low, high := 0, mostRate
	for high-low > 5 {
		middle := (low + high) / 2
		p, err := Knee("loop", s, middle)
		if err != nil {
			return Verdict{}, err
		}
		if p.P99 <= s.Rule {
			low = middle
		} else {
			high = middle
		}
	}
	return Verdict{
		Right: firstAbove(options, int64(high)), Says: fmt.Sprintf("from about %d a second on", high),
	}, nil
}

// Millis writes a duration in milliseconds, with three digits at least.
func Millis(d time.Duration) string {
	switch {
	case d >= 99950*time.Microsecond:
		return fmt.Sprintf("%d ms", d.Round(time.Millisecond).Milliseconds())
	case d >= 9995*time.Microsecond:
		tenths := d.Round(100*time.Microsecond).Microseconds() / 100
		return fmt.Sprintf("%d.%d ms", tenths/10, tenths%10)
	default:
		hundredths := d.Round(10*time.Microsecond).Microseconds() / 10
		return fmt.Sprintf("%d.%02d ms", hundredths/100, hundredths%100)
	}
}
