package main

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/quartet-go/quartet/procpool"
)

func TestMain(m *testing.M) {
	prepareWorkers()
	procpool.Init()
	goleak.VerifyTestMain(m)
}

const (
	traceID = "0af7651916cd43dd8448eb211c80319c"
	spanID  = "b7ad6b7169203331" // the client's
)

// get sends a request as a client does that traces, and returns the answer.
func get(t *testing.T, url string) (code int, body string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	require.NoError(t, err)
	req.Header.Set("traceparent", "00-"+traceID+"-"+spanID+"-01")
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	answer, err := client.Do(req)
	require.NoError(t, err)
	defer answer.Body.Close()
	data, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	return answer.StatusCode, string(data)
}

func TestARequestIsOnThePageInTheMetricsAndOneTraceOfTwoProcesses(t *testing.T) {
	out, in := io.Pipe()
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- run(ctx, in, "127.0.0.1:0"); _ = in.Close() }()
	lines := bufio.NewScanner(out)
	require.True(t, lines.Scan())
	url, _, ok := strings.Cut(strings.TrimPrefix(lines.Text(), "listening on "), ": ")
	require.True(t, ok, lines.Text())
	rest := make(chan []string, 1)
	go func() {
		var all []string
		for lines.Scan() {
			all = append(all, lines.Text())
		}
		rest <- all
	}()

	code, body := get(t, url+"/parse?input=four")
	require.Equal(t, http.StatusOK, code, body)
	require.Equal(t, "4 bytes\n", body)
	_, metrics := get(t, url+"/metrics")
	require.Contains(t, metrics, `quartet_tasks_ended_total{executor="requests",outcome="done"} 1`)
	require.Contains(t, metrics, `quartet_tasks_ended_total{executor="parsers",outcome="done"} 1`)
	code, page := get(t, url+"/debug/quartet/")
	require.Equal(t, http.StatusOK, code)
	require.Contains(t, page, "<h2>parsers ")
	code, _ = get(t, url+"/parse?input=crash")
	require.Equal(t, http.StatusBadGateway, code)

	stop()
	require.NoError(t, <-ended)
	all := <-rest
	require.Equal(t, "drained", all[len(all)-1])
	require.Equal(t, []string{"GET /parse", "GET /parse", "service.parse", "service.parse"}, path(all, spanID))
}

// path follows the first request's spans from a parent to its children, and returns their names.
// The last one's process is another than that of the others.
func path(lines []string, parent string) (names []string) {
	processes := map[string]int{}
	for found := true; found; {
		found = false
		for _, line := range lines {
			span, ok := strings.CutPrefix(line, traceID+" ")
			fields := strings.Fields(span)
			if !ok || len(fields) < 7 || fields[2] != parent || fields[5] == "queue" {
				continue
			}
			processes[fields[4]]++
			names = append(names, strings.Join(fields[5:len(fields)-1], " "))
			parent, found = fields[0], true
			break
		}
	}
	if len(processes) != 2 {
		return []string{"the spans are of", strings.Join(lines, "\n")}
	}
	return names
}
