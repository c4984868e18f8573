package inspect_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/eventloop"
	"github.com/quartet-go/quartet/inspect"
	"github.com/quartet-go/quartet/internal/browsertest"
	"github.com/quartet-go/quartet/procpool"
	"github.com/quartet-go/quartet/workerpool"
)

const hangingScript = `
import time
import quartet_worker

@quartet_worker.function("inspect_test.hangs")
def hangs(seconds):
    time.sleep(seconds)
`

var hangs = quartet.Declare[int, struct{}]("inspect_test.hangs") // in hangingScript

// A service under load has a slow key, a hanging Python worker, a full queue and a blocked loop:
// the first lines of the page name all four. The test draws the page for eyes, and so runs only
// where QUARTET_PICTURES names a directory.
func TestFourTroublesUnderLoadInABrowser(t *testing.T) {
	if os.Getenv("QUARTET_PICTURES") == "" {
		t.Skip("QUARTET_PICTURES names no directory for the pictures")
	}
	if _, err := exec.LookPath("python3"); err != nil {
		t.Skip("no python3 is installed")
	}
	script := filepath.Join(t.TempDir(), "hangs.py")
	require.NoError(t, os.WriteFile(script, []byte(hangingScript), 0o600))
	cfg := procpool.Python(script)
	cfg.Name, cfg.Workers = "python", 2
	python, err := procpool.New(cfg)
	require.NoError(t, err)
	requests := workerpool.New(workerpool.Config{Name: "requests", Workers: 8})
	mail := workerpool.New(workerpool.Config{Name: "mail", Workers: 2, Queue: 4})
	loop := eventloop.New(eventloop.Config{Name: "chat", OnSlow: func(time.Duration, []byte) {}})
	loop.Start()
	page := inspect.Handler(requests, python, mail, loop)
	server := httptest.NewServer(page)
	resp, err := http.Get(server.URL)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())

	ctx, stop := context.WithCancel(t.Context())
	end := make(chan struct{})
	var load sync.WaitGroup
	for i := range 6 { // some thousands of requests a second
		load.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				_ = quartet.Run(quartet.Label(ctx, fmt.Sprint("GET /page ", n)), requests,
					func(ctx context.Context) error {
						return quartet.Sleep(ctx, time.Duration(i+1)*time.Millisecond/2)
					})
			}
		})
	}
	for range 5 {
		block(ctx, requests.Key("acme"), "webhook of acme", end)
	}
	hung := hangs.Go(quartet.Label(ctx, "invoice 4711"), python, 3600)
	for i := range 7 {
		load.Go(func() { block(ctx, mail, fmt.Sprint("mail ", i), end) })
	}
	block(ctx, loop, "render the whole history", end)

	b := browsertest.Open(t, server.URL)
	b.Until(`document.querySelectorAll(".finding.bad").length >= 3 &&
		document.querySelector("#findings").textContent.includes("invoice 4711")`)
	for _, words := range []string{
		"wait for key acme", "(inspect_test.hangs) for", "The queue is full: 4 tasks are queued, and 1 submitters wait",
		"The loop is blocked: task render the whole history",
	} {
		require.Equal(t, "true",
			b.Eval(fmt.Sprintf(`String(document.querySelector("#findings").textContent.includes(%q))`, words)), words)
	}
	pictures(t, b, "troubles")

	stop()
	close(end)
	load.Wait()
	server.Close()
	require.NoError(t, page.Close())
	require.NoError(t, python.Close()) // it ends the hanging worker
	_, err = hung.Await(context.Background())
	require.Error(t, err)
	require.NoError(t, quartet.Stop(context.Background(), requests, mail, loop))
}
