// Bench measures the cost of a call over natspool, beside that of NATS alone: a request and its
// reply, and JetStream's publish, fetch and acknowledge; and beside asynq over miniredis. Server,
// caller and two nodes are processes of their own, on one machine; the contenders of a case take
// turns within one run, and medians are shown.
//
//	go run . [-rounds 5] [-file] [-run regexp]
package main

import (
	"bufio"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"time"
)

var (
	rounds = flag.Int("rounds", 5, "of each contender")
	file   = flag.Bool("file", false, "keep waiting calls in files")
	only   = flag.String("run", "", "measure the cases that match this regular expression")

	profiles = flag.String("profiles", "", "write a CPU profile of each process into this folder")
)

// contender is one way of doing a case. It returns the time of one operation.
type contender struct {
	name string
	run  func() time.Duration
}

type benchCase struct {
	name        string
	goal, floor float64 // of ours ÷ theirs; 0: none
	contenders  []contender
}

func main() {
	if role, ok := roles[os.Getenv("BENCH_ROLE")]; ok {
		profile(os.Getenv("BENCH_PROFILE"))
		role()
		return
	}
	flag.Parse()
	if *profiles != "" {
		defer startProfile(filepath.Join(*profiles, "caller.prof"))()
	}
	url, redis := start("server"), start("redis")
	for range 2 {
		start("node", "BENCH_URL="+url, "BENCH_REDIS="+redis, fmt.Sprint("BENCH_FILE=", *file))
	}
	c := newCaller(url, redis)
	chosen := regexp.MustCompile(*only)
	for _, bc := range c.cases() {
		if chosen.MatchString(bc.name) {
			measure(bc)
		}
	}
	for _, p := range processes {
		if *profiles == "" {
			_ = p.Process.Kill()
			continue
		}
		_ = p.Process.Signal(os.Interrupt)
		_ = p.Wait()
	}
}

func measure(bc benchCase) {
	times := make([][]time.Duration, len(bc.contenders))
	for range *rounds {
		for i, c := range bc.contenders {
			times[i] = append(times[i], c.run())
		}
	}
	fmt.Printf("\n%s\n", bc.name)
	ours := median(times[0])
	for i, c := range bc.contenders {
		theirs := median(times[i])
		line := fmt.Sprintf("%28s %10v %10v %10v", c.name, round(theirs), round(slices.Min(times[i])),
			round(slices.Max(times[i])))
		if i > 0 {
			line += fmt.Sprintf("   ours/theirs %.2f", float64(ours)/float64(theirs))
		}
		if i == 1 && bc.goal > 0 {
			line += fmt.Sprintf("   goal %.3g", bc.goal)
			if bc.floor > 0 {
				line += fmt.Sprintf(", floor %.3g", bc.floor)
			}
		}
		fmt.Println(line)
	}
}

func median(d []time.Duration) time.Duration {
	sorted := slices.Sorted(slices.Values(d))
	return sorted[len(sorted)/2]
}

func round(d time.Duration) time.Duration { return d.Round(100 * time.Nanosecond) }

var processes []*exec.Cmd

// start starts this program in another role, and returns the line that it says when it is ready.
func start(role string, env ...string) string {
	p := exec.Command(os.Args[0])
	p.Env = append(append(os.Environ(), "BENCH_ROLE="+role), env...)
	if *profiles != "" {
		name := fmt.Sprintf("%s%d.prof", role, len(processes))
		p.Env = append(p.Env, "BENCH_PROFILE="+filepath.Join(*profiles, name))
	}
	p.Stderr = os.Stderr
	out, err := p.StdoutPipe()
	check(err)
	check(p.Start())
	processes = append(processes, p)
	s := bufio.NewScanner(out)
	s.Scan()
	return s.Text()
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
