package result

import (
	"fmt"
	"strings"
)

// Finding is what a table shows, as a sentence with its figures. It names rows that differ most,
// where they were measured.
func (t Table) Finding() string {
	if t.Noisy() {
		return t.Name + ": no finding, since other programs used the machine"
	}
	if t.Name == "language" {
		return t.languages()
	}
	var said []string
	for _, p := range findings[t.Name].parts {
		if r, ok := t.first(p.models); ok {
			said = append(said, p.say(t, r))
		}
	}
	if len(said) == 0 {
		return t.Name
	}
	begin := findings[t.Name].begin
	switch n := len(t.Rows[0].Levels); {
	case t.Name == "wait" && n > 0:
		begin = t.Rows[0].Levels[n-1].Label + " waits at once are over after"
	case t.Name == "crash":
		begin = fmt.Sprintf("Of the other tasks %d bad ends cost", n)
	}
	return begin + " " + joined(said)
}

// languages is the finding of the table whose rows are languages.
func (t Table) languages() string {
	var said []string
	for _, r := range t.Rows {
		said = append(said, Spaced(r.Wall)+" in "+r.Name)
	}
	return "The same work takes " + joined(said)
}

// part is what a finding says of one row: the first of these models that there is.
type part struct {
	models []string
	say    func(t Table, r Row) string
}

func wallOn(prefix string) func(Table, Row) string {
	return func(_ Table, r Row) string { return Spaced(r.Wall) + " " + prefix + " " + r.Name }
}

func p99On(_ Table, r Row) string { return Spaced(r.P99) + " on " + r.Name }

func timesOn(t Table, r Row) string { return "× " + Ratio(t.Rows[0].Wall, r.Wall) + " on " + r.Name }

func lostOn(_ Table, r Row) string { return fmt.Sprintf("%d on %s", r.Lost, r.Name) }

// findings are how the sentences begin, and what they say.
var findings = map[string]struct {
	begin string
	parts []part
}{
	"mixed": {"A ping beside a CPU request takes, at p99,", []part{
		{[]string{"loop"}, p99On}, {[]string{"gil threads"}, p99On}, {[]string{"loop+pool"}, p99On},
	}},
	"wait": {"Waits at once are over after", []part{
		{[]string{"loop"}, wallOn("on")},
		{[]string{"pool(k)", "processes(k)"}, wallOn("on")},
		{[]string{"inline"}, wallOn("on")},
	}},
	"crunch": {"Compared with inline, the speed of tasks that compute is", []part{
		{[]string{"loop"}, timesOn},
		{[]string{"gil threads"}, timesOn},
		{[]string{"pool(k)", "loop+pool"}, timesOn},
		{[]string{"processes(k)"}, timesOn},
	}},
	"chat": {"Beside a slow reader the others have their message, at p99, after", []part{
		{[]string{"inline"}, p99On}, {[]string{"loop"}, p99On}, {[]string{"pool(k)"}, p99On},
	}},
	"crash": {"Bad ends cost", []part{
		{[]string{"loop"}, lostOn}, {[]string{"pool(k)"}, lostOn}, {[]string{"processes(k)"}, lostOn},
	}},
	"cost": {"A call there and back takes", []part{
		{[]string{"inline"}, wallOn("on")},
		{[]string{"pool(k)"}, wallOn("on")},
		{[]string{"processes(k)"}, wallOn("on")},
	}},
}

// first is the row of the first of these models that there is.
func (t Table) first(models []string) (Row, bool) {
	for _, m := range models {
		if r, ok := t.Row(m); ok {
			return r, true
		}
	}
	return Row{}, false
}

// joined lists the parts: a, b and c.
func joined(said []string) string {
	if len(said) < 2 {
		return strings.Join(said, "")
	}
	last := len(said) - 1
	return strings.Join(said[:last], ", ") + " and " + said[last]
}
