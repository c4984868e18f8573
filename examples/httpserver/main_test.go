package main

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/inspect"
	"github.com/quartet-go/quartet/procpool"
	"github.com/quartet-go/quartet/workerpool"
)

// In a process that has this in its environment, the test binary is the program.
const asProgram = "HTTPSERVER_AS_PROGRAM"

func TestMain(m *testing.M) {
	procpool.Init()
	if os.Getenv(asProgram) != "" {
		os.Args = []string{os.Args[0], "-addr", "127.0.0.1:0"}
		main()
		return
	}
	goleak.VerifyTestMain(m)
}

// Forty requests of 100 ms come at once to two workers, and none may wait longer than half a
// second: those that would are refused at once, and the others are in time, but for one a worker at
// most: the pool does not know how far it is with what it runs. Time is virtual here, and the
// figures exact.
func TestOverloadIsShedAndTheRestInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &service{
			pool:   workerpool.New(workerpool.Config{Workers: 2, RejectLate: true, ExactTimes: true}),
			render: func(ctx context.Context, d time.Duration) { _ = quartet.Sleep(ctx, d) },
		}
		defer s.pool.Close()
		ask := func() (code int, retry string, took time.Duration) {
			began, answer := time.Now(), httptest.NewRecorder()
			s.routes().ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/render?ms=100", nil))
			return answer.Code, answer.Header().Get("Retry-After"), time.Since(began)
		}
		code, _, _ := ask() // the pool learns how long a task takes
		require.Equal(t, http.StatusOK, code)

		var mu sync.Mutex
		codes := map[int]int{}
		var wg sync.WaitGroup
		for range 40 {
			wg.Go(func() {
				code, retry, took := ask()
				mu.Lock()
				defer mu.Unlock()
				codes[code]++
				if code == http.StatusTooManyRequests {
					require.Zero(t, took, "a refusal has waited")
					require.Equal(t, "1", retry)
				}
			})
		}
		wg.Wait()
		late := 40 - codes[http.StatusOK] - codes[http.StatusTooManyRequests]
		require.LessOrEqual(t, late, 2, "accepted, and late: %v", codes)
		require.GreaterOrEqual(t, codes[http.StatusOK], 8, "%v", codes) // what two workers can do in 400 ms
	})
}

// start runs the program, and returns where it listens and what it prints.
func start(t *testing.T) (program *exec.Cmd, url string, out *bufio.Scanner) {
	program = exec.Command(os.Args[0])
	program.Env = append(os.Environ(), asProgram+"=1")
	program.Stderr = os.Stderr
	stdout, err := program.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, program.Start())
	t.Cleanup(func() { _ = program.Process.Kill() })
	out = bufio.NewScanner(stdout)
	require.True(t, out.Scan(), "the program has ended")
	url, ok := strings.CutPrefix(out.Text(), "listening on ")
	require.True(t, ok, out.Text())
	url, _, ok = strings.Cut(url, ": ")
	require.True(t, ok, out.Text())
	return program, url, out
}

func get(t *testing.T, client *http.Client, url string) (code int, body string) {
	answer, err := client.Get(url)
	if err != nil {
		return 0, err.Error()
	}
	defer answer.Body.Close()
	data, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	return answer.StatusCode, string(data)
}

// A service with a request in the pool and one in a process gets SIGTERM: both are answered, and
// the parts stop in order.
func TestSIGTERMDrainsInOrder(t *testing.T) {
	if runtime.GOOS == "windows" || runtime.GOOS == "plan9" {
		t.Skip("SIGTERM cannot be sent here: ", runtime.GOOS)
	}
	program, url, out := start(t)
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()

	code, body := get(t, client, url+"/parse?input=crash")
	require.Equal(t, http.StatusBadGateway, code, body)
	code, body = get(t, client, url+"/parse?input=four")
	require.Equal(t, http.StatusOK, code, body)
	require.Equal(t, "4 bytes\n", body)

	answers := make([]string, 2)
	var wg sync.WaitGroup
	for i, path := range []string{"/render?ms=2000", "/parse?input=slow"} {
		wg.Go(func() { _, answers[i] = get(t, client, url+path) })
	}
	for {
		var now inspect.Snapshot
		_, body := get(t, client, url+"/debug/quartet/json")
		require.NoError(t, json.Unmarshal([]byte(body), &now), body)
		if now.Executors[0].Stats.Running == 1 && now.Executors[1].Stats.Running == 1 {
			break
		}
	}
	require.NoError(t, program.Process.Signal(syscall.SIGTERM))
	wg.Wait()
	require.Equal(t, []string{"rendered\n", "0 bytes\n"}, answers)
	var lines []string
	for out.Scan() {
		lines = append(lines, out.Text())
	}
	require.Equal(t, []string{"stopping", "drained"}, lines)
	require.NoError(t, program.Wait())
}
