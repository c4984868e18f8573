package main

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"text/tabwriter"

	"github.com/quartet-go/quartet/examples/compare/internal/verdict"
)

// result is a row as data; times are in seconds.
type result struct {
	Workload string  `json:"workload"`
	Model    string  `json:"model"`
	Wall     float64 `json:"wall_s"`
	Ideal    float64 `json:"ideal_s"`
	P50      float64 `json:"p50_s"`
	P99      float64 `json:"p99_s"`
	Max      float64 `json:"max_s"`
	InFlight int64   `json:"in_flight"`
	Running  int64   `json:"running"` // 0: not known
	Cores    float64 `json:"cores"`
	Lost     int64   `json:"lost"`
	Broken   string  `json:"broken,omitempty"`
}

func results(tables []table) (all []result) {
	for _, t := range tables {
		for _, r := range t.rows {
			s := r.sample
			at := func(p int) float64 { return percentile(s.latencies, p).Seconds() }
			all = append(all, result{
				t.name, r.model.name, r.wall.Seconds(), r.ideal.Seconds(), at(50), at(99), at(100),
				s.inFlight, s.running, cpuShare(s), s.sent - s.answered, r.broken,
			})
		}
	}
	return all
}

func writeJSON(w io.Writer, tables []table, vs []verdict.Verdict) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(map[string]any{"rows": results(tables), "verdicts": vs})
}

func writeCSV(w io.Writer, tables []table) error {
	c := csv.NewWriter(w)
	_ = c.Write([]string{"workload", "model", "wall_s", "ideal_s", "p50_s", "p99_s", "max_s", "in_flight", "running", "cores", "lost", "broken"})
	for _, r := range results(tables) {
		line := []string{r.Workload, r.Model}
		for _, v := range []any{r.Wall, r.Ideal, r.P50, r.P99, r.Max, r.InFlight, r.Running, r.Cores, r.Lost, r.Broken} {
			line = append(line, fmt.Sprint(v))
		}
		_ = c.Write(line)
	}
	c.Flush()
	return c.Error()
}

func writeVerdicts(w io.Writer, vs []verdict.Verdict) {
	fmt.Fprint(w, "\nverdicts, from the figures above\n\n")
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, v := range vs {
		fmt.Fprintf(tw, "%s\t%s\t%s\n", v.Outcome, v.Claim, v.Evidence)
	}
	_ = tw.Flush()
}

// save writes a file; nothing if it has no name.
func save(name string, write func(io.Writer) error) error {
	if name == "" {
		return nil
	}
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	if err := write(f); err != nil {
		_ = f.Close()
		return err
	}
	return f.Close()
}
