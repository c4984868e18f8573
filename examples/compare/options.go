package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/quartet-go/quartet/examples/compare/internal/runtimes"
	"github.com/quartet-go/quartet/examples/compare/internal/workload"
)

// options are the command line.
type options struct {
	only      []string
	full      bool
	virtual   bool
	seed      uint64
	json, csv string
	svg       string // a directory
	html      string
	article   string
	from      []string // reports to read
	runtimes  []string // programs; "auto": all that are found
	assert    bool
	receivers int // the most that chat has, for a test; 0: no bound
}

func parse(args []string, errs io.Writer) (options, error) {
	var o options
	fs := flag.NewFlagSet("compare", flag.ContinueOnError)
	fs.SetOutput(errs)
	only := fs.String("only", "", "`workloads` to run, with commas between: "+strings.Join(names(true, true), ", "))
	fs.BoolVar(&o.full, "full", false, "run all workloads, with every row")
	fs.BoolVar(&o.virtual, "virtual", false, "simulate models of the models in virtual time: exact and repeatable")
	fs.Uint64Var(&o.seed, "seed", 0, "where the order of the models begins, and what is left to chance in virtual time")
	fs.StringVar(&o.json, "json", "", "write everything to `FILE`")
	fs.StringVar(&o.csv, "csv", "", "write the rows to `FILE`")
	fs.StringVar(&o.svg, "svg", "", "write pictures to `DIR`")
	fs.StringVar(&o.html, "html", "", "write a page to `FILE`")
	fs.StringVar(&o.article, "article", "",
		"write what is said about Node and Python, judged, to `FILE`; implies -full -runtimes auto")
	from := fs.String("from", "",
		"measure nothing, but read the `reports` that -json has written, with commas between, as one")
	real := fs.String("runtimes", "",
		"also rows of real `runtimes`, with commas between: node, python3, python3.13t and the like, a path of one, or auto: all that are found")
	fs.BoolVar(&o.assert, "assert", false, "fail when figures contradict what is known about a claim")
	if err := fs.Parse(args); err != nil {
		return o, err
	}
	if fs.NArg() > 0 {
		return o, fmt.Errorf("compare: %q is not a flag", fs.Arg(0))
	}
	if *real != "" {
		o.runtimes = strings.Split(*real, ",")
	}
	if *from != "" {
		o.from = strings.Split(*from, ",")
	}
	if o.article != "" {
		o.full = true
		if o.runtimes == nil {
			o.runtimes = []string{runtimes.Auto}
		}
	}
	if o.virtual && o.runtimes != nil {
		return o, errors.New("compare: -runtimes: a real runtime is not simulated")
	}
	o.only = names(o.full, o.runtimes != nil)
	if o.virtual {
		o.only = slices.DeleteFunc(o.only, notSimulated)
	}
	if *only != "" {
		o.only = strings.Split(*only, ",")
	}
	for _, name := range o.only {
		if !slices.Contains(names(true, true), name) {
			return o,
				fmt.Errorf("compare: -only: no workload %q; there are %s", name, strings.Join(names(true, true), ", "))
		}
		if o.virtual && notSimulated(name) {
			return o, fmt.Errorf("compare: -virtual: %s is not simulated", name)
		}
	}
	return o, nil
}

// notSimulated reports whether a workload needs a real machine.
func notSimulated(name string) bool {
	return slices.ContainsFunc(workload.All, func(w workload.Workload) bool { return w.Name == name && w.Here })
}

// names are those of the workloads, in their order.
func names(long, real bool) (all []string) {
	for _, w := range workload.All {
		if (long || !w.Long) && (real || !w.Real) {
			all = append(all, w.Name)
		}
	}
	return all
}
