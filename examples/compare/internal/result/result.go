// Package result is what compare found, as data: the tables that it prints, the distributions and
// events that pictures are drawn from, and the verdicts. -json writes it; equal runs in virtual
// time write equal bytes.
package result

import (
	"encoding/json"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/quartet-go/quartet/examples/compare/internal/verdict"
)

// Report is all that one run of compare has found. Times are whole nanoseconds.
type Report struct {
	Machine Machine `json:"machine"`
	Tables  []Table `json:"tables"`
	Lanes   []Lanes `json:"lanes,omitempty"` // of mixed
	// Figures are all that the verdicts may be judged by: a value per round, in seconds where it is
	// a time.
	Figures  verdict.Figures   `json:"figures"`
	Verdicts []verdict.Verdict `json:"verdicts"`
}

// Machine is where, and how, it was measured.
type Machine struct {
	Go     string `json:"go"`
	OS     string `json:"os"`
	Arch   string `json:"arch"`
	Cores  int    `json:"cores"`
	Rounds int    `json:"rounds"`
	Seed   uint64 `json:"seed"`
	// Turns of the generator that CPU work consists of, in a millisecond of CPU time: the
	// calibration. 0 in virtual time.
	Turns int `json:"turns_per_ms,omitempty"`
	// Virtual: rows are models of models, simulated; Go, OS and Arch are empty then.
	Virtual bool `json:"virtual,omitempty"`
	// Interrupted: there is less than was asked for.
	Interrupted bool `json:"interrupted,omitempty"`
	// Twins names the real row that does the same as a model, if one was measured.
	Twins map[string]string `json:"twins,omitempty"`
	// Notes are lines about it, such as the runtimes that were found.
	Notes []string `json:"notes,omitempty"`
}

// Evidence returns what the verdicts are judged by.
func (r *Report) Evidence() verdict.Evidence {
	e := verdict.Evidence{Figures: r.Figures, Cores: r.Machine.Cores, Real: r.Machine.Twins}
	for _, t := range r.Tables {
		for _, row := range t.Rows {
			if row.Kind == Sim && !slices.Contains(e.Simulated, row.Model) {
				e.Simulated = append(e.Simulated, row.Model)
			}
		}
	}
	return e
}

// Table is one workload.
type Table struct {
	Name  string `json:"workload"`
	Title string `json:"title"` // what is done
	Rule  string `json:"rule"`  // what a row must keep to
	// Limit is the rule's: what BarOf must not exceed; 0 without a rule.
	Limit time.Duration `json:"limit_ns,omitempty"`
	BarOf Figure        `json:"bar_of"`
	// Steps is over what the rows' Levels go: "requests in flight", "workers", "receivers", "bytes";
	// "" when there are none.
	Steps string `json:"steps,omitempty"`
	// StepOf is what of a Level matters here.
	StepOf Figure `json:"step_of,omitempty"`
	Rows   []Row  `json:"rows"` // the first is inline
	// Remarks are what was measured beside the rows, a sentence each.
	Remarks []string `json:"remarks,omitempty"`
}

// Figure names a figure of a row or level.
type Figure string

// The figures. A bar shows Wall or P99.
const (
	Wall      Figure = "wall"
	P50       Figure = "p50"
	P99       Figure = "p99"
	Speed     Figure = "per second"
	SpeedUp   Figure = "× inline" // at the same step
	LostTasks Figure = "lost"
)

// Kind is the kind of a row: real, simulated or computed.
type Kind string

// The kinds. A row without one is the model itself.
const (
	Sim      Kind = "sim"      // a lock of the gil package, in real time
	Modelled Kind = "modelled" // a program in virtual time
	Real     Kind = "real"     // another language's runtime
)

// Row is one model under one workload.
type Row struct {
	Model string        `json:"model"` // as the palette and the verdicts know it: pool(k)
	Name  string        `json:"name"`  // as it is shown: pool(32)
	Like  string        `json:"like"`  // what it is in Node, Python or Go
	Kind  Kind          `json:"kind,omitempty"`
	Wall  time.Duration `json:"wall_ns"` // the median of the rounds
	Ideal time.Duration `json:"ideal_ns"`
	P50   time.Duration `json:"p50_ns"` // of all rounds' latencies
	P99   time.Duration `json:"p99_ns"`
	Max   time.Duration `json:"max_ns"`
	// The most requests at once: sent and not answered; begun and not ended; computing, so that
	// neither waits nor those that wait for a lock count. The last two are Unknown where requests
	// run in other processes.
	InFlight int64   `json:"in_flight"`
	Started  int64   `json:"started"`
	Running  int64   `json:"running"`
	Cores    float64 `json:"cores"`            // CPU time over wall time
	Lost     int64   `json:"lost"`             // without an answer
	Broken   string  `json:"broken,omitempty"` // how it breaks the table's rule
	// Above says why it is faster than its ideal, if it is.
	Above string `json:"above,omitempty"`
	// Noisy: other programs used the machine meanwhile. Such a row judges nothing.
	Noisy bool `json:"noisy,omitempty"`
	// From is how many requests were measured when the row is extrapolated from fewer.
	From int `json:"extrapolated_from,omitempty"`
	// Latencies is their distribution, over all rounds.
	Latencies []Point `json:"latencies,omitempty"`
	Levels    []Level `json:"levels,omitempty"`
	// Against is how it compares with real runtimes that do the same, where there are any.
	Against []Against `json:"against,omitempty"`
	Worker  *Worker   `json:"worker,omitempty"` // of cost
}

// Unknown is a count that this process cannot see.
const Unknown = -1

// Point is a step of a distribution: Share of all requests, up to 1, had a latency of at most
// Latency.
type Point struct {
	Latency time.Duration `json:"ns"`
	Share   float64       `json:"share"`
}

// Level is a row at one step of what its table varies.
type Level struct {
	At    int64         `json:"at"`    // the step: 1000 in flight
	Label string        `json:"label"` // and how it is shown: "1 KiB"
	N     int64         `json:"n"`     // requests, so that N/Wall is the throughput
	Wall  time.Duration `json:"wall_ns"`
	P50   time.Duration `json:"p50_ns"`
	P99   time.Duration `json:"p99_ns"`
	Lost  int64         `json:"lost,omitempty"`
	From  int           `json:"extrapolated_from,omitempty"`
}

// PerSecond is the level's throughput.
func (l Level) PerSecond() float64 {
	if l.Wall <= 0 {
		return 0
	}
	return float64(l.N) / l.Wall.Seconds()
}

// Worker is what one worker of a model costs.
type Worker struct {
	Start  time.Duration `json:"start_ns"`     // until it has answered its first call
	Memory int64         `json:"memory_bytes"` // 0: not known
	// BreakEven is from what length of a task on the model gets a batch done sooner than inline. 0:
	// never. Unknown: of inline itself, or of a noisy row.
	BreakEven time.Duration `json:"break_even_ns,omitempty"`
}

// Of returns the figure that f names.
func (r Row) Of(f Figure) time.Duration {
	if f == P99 {
		return r.P99
	}
	return r.Wall
}

// Noisy reports whether other programs disturbed the table's rows.
func (t Table) Noisy() bool {
	return slices.ContainsFunc(t.Rows, func(r Row) bool { return r.Noisy })
}

// Add takes over what another report of the same machine has: its tables in place of the same ones.
func (r *Report) Add(o Report) {
	r.Machine = o.Machine
	maps.Copy(r.Figures, o.Figures)
	for _, t := range o.Tables {
		if i := slices.IndexFunc(r.Tables, func(x Table) bool { return x.Name == t.Name }); i >= 0 {
			r.Tables[i] = t
		} else {
			r.Tables = append(r.Tables, t)
		}
	}
	if o.Lanes != nil {
		r.Lanes = o.Lanes
	}
}

// Row returns the row of that model.
func (t Table) Row(model string) (r Row, ok bool) {
	for _, r := range t.Rows {
		if r.Model == model {
			return r, true
		}
	}
	return Row{}, false
}

// WriteJSON writes the report, indented.
func (r *Report) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(r)
}
