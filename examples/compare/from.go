package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/quartet-go/quartet/examples/compare/internal/article"
	"github.com/quartet-go/quartet/examples/compare/internal/result"
	"github.com/quartet-go/quartet/examples/compare/internal/verdict"
)

// read is a report of earlier measurements on one machine. A table of a later file takes the
// place of the same one.
func read(_ context.Context, o options, w io.Writer, _ *progress) (*result.Report, error) {
	all := &result.Report{Figures: verdict.Figures{}}
	for _, name := range o.from {
		data, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		var r result.Report
		if err := json.Unmarshal(data, &r); err != nil {
			return nil, fmt.Errorf("compare: -from: %s: %w", name, err)
		}
		all.Add(r)
	}
	order := names(true, true)
	slices.SortStableFunc(all.Tables, func(a, b result.Table) int {
		return cmp.Compare(slices.Index(order, a.Name), slices.Index(order, b.Name))
	})
	for _, t := range all.Tables {
		printTable(w, t)
	}
	return all, nil
}

// saveArticle writes the article, and beside it the figures that it is made of; nothing if it has
// no name.
func saveArticle(name string, r *result.Report) error {
	if name == "" {
		return nil
	}
	figures := result.Report{Machine: r.Machine, Figures: maps.Clone(r.Figures)}
	figures.Machine.Notes = nil
	for _, note := range r.Machine.Notes { // without the paths of this machine
		program, version, _ := strings.Cut(note, ": ")
		figures.Machine.Notes = append(figures.Machine.Notes, filepath.Base(program)+": "+version)
	}
	for _, t := range r.Tables {
		t.Rows = slices.Clone(t.Rows)
		for i := range t.Rows {
			t.Rows[i].Latencies = nil
		}
		figures.Tables = append(figures.Tables, t)
	}
	return errors.Join(
		save(name, func(w io.Writer) error { return article.Write(w, &figures) }),
		save(strings.TrimSuffix(name, filepath.Ext(name))+".json", figures.WriteJSON),
	)
}
