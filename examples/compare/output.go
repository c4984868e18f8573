package main

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/quartet-go/quartet/examples/compare/internal/result"
)

var columns = []string{
	"workload", "model", "kind", "wall_s", "ideal_s", "p50_s", "p99_s", "max_s", "in_flight", "started", "running",
	"cores", "lost", "broken",
}

// writeCSV writes the rows of all tables; times are in seconds.
func writeCSV(w io.Writer, tables []result.Table) error {
	c := csv.NewWriter(w)
	compared := slices.ContainsFunc(tables, result.Table.Compared)
	head := columns
	if compared {
		head = append(slices.Clip(columns), "sim_against_real")
	}
	_ = c.Write(head)
	for _, t := range tables {
		for _, r := range t.Rows {
			line := []string{t.Name, r.Name, string(r.Kind)}
			for _, v := range []any{
				r.Wall.Seconds(), r.Ideal.Seconds(), r.P50.Seconds(), r.P99.Seconds(), r.Max.Seconds(),
				r.InFlight, r.Started, r.Running, r.Cores, r.Lost, r.Broken,
			} {
				line = append(line, fmt.Sprint(v))
			}
			if compared {
				line = append(line, r.Comparison())
			}
			_ = c.Write(line)
		}
	}
	c.Flush()
	return c.Error()
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
	return errors.Join(write(f), f.Close())
}
