package main

import (
	_ "embed"
	"fmt"
	"os/exec"
	"strconv"
	"strings"

	"github.com/quartet-go/quartet/internal/bench/versus"
)

//go:embed loop.js
var nodeScript string

//go:embed loop.py
var pythonScript string

// script runs a case of a script, which prints its figure per operation.
func script(program, text, name string, n int) func() (float64, error) {
	flag := map[string]string{"node": "-e", "python3": "-c"}[program]
	return func() (float64, error) {
		path, err := exec.LookPath(program)
		if err != nil {
			return 0, versus.ErrMissing
		}
		args := []string{flag, text, name, strconv.Itoa(n)}
		if program == "node" {
			args = append([]string{"--expose-gc"}, args...)
		}
		out, err := exec.Command(path, args...).Output()
		if err != nil {
			return 0, fmt.Errorf("%s %s: %w", program, name, err)
		}
		return strconv.ParseFloat(strings.TrimSpace(string(out)), 64)
	}
}

func version(program string) string {
	out, err := exec.Command(program, "--version").Output()
	if err != nil {
		return program + " is not installed"
	}
	return program + " " + strings.TrimSpace(strings.TrimPrefix(string(out), "Python "))
}
