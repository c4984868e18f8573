package inspect_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/eventloop"
	"github.com/quartet-go/quartet/gil"
	"github.com/quartet-go/quartet/inspect"
	"github.com/quartet-go/quartet/internal/browsertest"
	"github.com/quartet-go/quartet/procpool"
	"github.com/quartet-go/quartet/workerpool"
)

func TestMain(m *testing.M) {
	procpool.Init()
	goleak.VerifyTestMain(browsertest.Main{M: m})
}

func get(h http.Handler, path string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(context.Background(), http.MethodGet, path, nil))
	return w
}

// snapshot returns what the JSON form has.
func snapshot(t *testing.T, h http.Handler) (s inspect.Snapshot) {
	t.Helper()
	w := get(h, "/debug/quartet/json")
	require.Equal(t, 200, w.Code)
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &s), w.Body.String())
	return s
}

// found reports whether there is a finding of the executor with these words.
func found(s inspect.Snapshot, executor, words string) bool {
	for _, f := range s.Findings {
		if f.Executor == executor && strings.Contains(f.Text, words) {
			return true
		}
	}
	return false
}

// block submits a task with a label that runs until end is closed.
func block(ctx context.Context, r quartet.Runner, label string, end <-chan struct{}) {
	quartet.Go(quartet.Label(ctx, label), r, func(context.Context) (int, error) { <-end; return 0, nil })
}

func TestTheFourTroublesAreFindings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		full := workerpool.New(workerpool.Config{Name: "full", Workers: 1, Queue: 2})
		keyed := workerpool.New(workerpool.Config{Name: "keyed", Workers: 4})
		loop := eventloop.New(eventloop.Config{
			Name: "chat", SlowCallback: time.Second,
			OnSlow: func(time.Duration, []byte) {},
		})
		loop.Start()
		page := inspect.Handler(full, keyed, loop)
		get(page, "/")
		end := make(chan struct{})
		for i := range 4 { // one runs, two are queued, one waits for room
			go block(t.Context(), full, fmt.Sprint("job ", i), end)
			synctest.Wait()
		}
		for range 3 {
			block(t.Context(), keyed.Key("acme"), "webhook", end)
		}
		block(t.Context(), loop, "big page", end)
		time.Sleep(6 * time.Second)

		s := snapshot(t, page)
		require.True(t, found(s, "full", "The queue is full: 2 tasks are queued, and 1 submitters wait for room."),
			s.Findings)
		require.True(t, found(s, "full", "job 0 has run for 6s."), s.Findings)
		require.True(t, found(s, "keyed", "wait for key acme, while 3 slots are free."), s.Findings)
		require.True(t, found(s, "chat", "The loop is blocked: task big page has run for"), s.Findings)
		require.Contains(t, s.Executors[0].Longest[0].Stack, "inspect_test.block", "the stack of the task itself")
		require.Contains(t, s.Executors[2].Loop.Current.Stack, "inspect_test.block")
		require.Equal(t, "bad", s.Findings[0].Level, "the worst come first")

		text := get(page, "/debug/quartet/text").Body.String()
		require.Contains(t, text, "BAD: chat: The loop is blocked")
		require.Contains(t, text, "longest: job 0, running for 6s")
		require.Contains(t, text, "queued: webhook, queued for 6s, waits for key acme")
		require.Contains(t, text, "full   0 |")

		close(end)
		require.NoError(t, quartet.Stop(t.Context(), full, keyed, loop))
		require.NoError(t, page.Close())
	})
}

// A thread that computes and one that serves: the page tells of their convoy, and of who keeps the
// lock.
func TestTheLockIsShown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := gil.New(gil.Config{Name: "scripts", OnSlow: func(error) {}})
		page := inspect.Handler(s)
		stop := false // under the lock
		computing := quartet.Go(quartet.Label(t.Context(), "<b>report"), s, func(ctx context.Context) (int, error) {
			for !stop {
				time.Sleep(time.Millisecond) // stands for computing: it keeps the lock
				gil.Checkpoint(ctx)
			}
			time.Sleep(time.Second)
			return 0, nil
		})
		serving := quartet.Go(quartet.Label(t.Context(), "request"), s, func(ctx context.Context) (int, error) {
			for range 10 {
				_ = quartet.Sleep(ctx, time.Millisecond)
			}
			stop = true
			return 0, nil
		})
		time.Sleep(40 * time.Millisecond)
		shot := snapshot(t, page)
		require.True(t, found(shot, "scripts", "The lock has a convoy: request waited"), shot.Findings)
		require.Positive(t, shot.Executors[0].Lock.Forced)
		require.Contains(t, get(page, "/text").Body.String(), "convoy: request waited")
		html := get(page, "/").Body.String()
		require.Contains(t, html, "for &lt;b&gt;report, ")
		require.NotContains(t, html, "<b>report")
		time.Sleep(200 * time.Millisecond)
		third := quartet.Go(t.Context(), s, func(context.Context) (int, error) { return 0, nil })
		time.Sleep(200 * time.Millisecond)
		shot = snapshot(t, page)
		require.True(t, found(shot, "scripts", "The lock is kept by <b>report: 1 threads wait for it, one for 200ms."),
			shot.Findings)
		_, err := quartet.AwaitAll(t.Context(), computing, serving, third)
		require.NoError(t, err)
		require.Contains(t, get(page, "/text").Body.String(), "lock: held by nobody, 0 wait")
		require.NoError(t, s.Close())
		require.NoError(t, page.Close())
	})
}

// hang runs until the test ends.
var hang = quartet.Define("inspect_test.hang", func(ctx context.Context, _ int) (int, error) {
	<-ctx.Done()
	return 0, context.Cause(ctx)
})

func TestProcessesAreShown(t *testing.T) {
	processes, err := procpool.New(procpool.Config{Name: "parsers", Workers: 1})
	require.NoError(t, err)
	page := inspect.Handler(quartet.Executor(processes))
	ctx, cancel := context.WithCancel(quartet.Label(t.Context(), "document 7"))
	f := hang.Go(ctx, processes, 0)
	require.Eventually(t, func() bool {
		s := snapshot(t, page)
		return len(s.Executors[0].Workers) == 1 && s.Executors[0].Workers[0].Running == "document 7 (inspect_test.hang)"
	}, 20*time.Second, 10*time.Millisecond)
	require.Contains(t, get(page, "/").Body.String(), "document 7 (inspect_test.hang)")
	cancel()
	_, err = f.Await(context.Background())
	require.Error(t, err)
	require.NoError(t, page.Close())
	require.NoError(t, processes.Close())
}

// counting is an executor that tells how many watch it.
type counting struct {
	quartet.Runner
	watching atomic.Int64
}

func (c *counting) Watch(quartet.Observer) (stop func()) {
	c.watching.Add(1)
	return func() { c.watching.Add(-1) }
}

func TestNothingIsWatchedWhileNobodyLooks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &counting{Runner: quartet.Inline()}
		page := inspect.Handler(c)
		require.Zero(t, c.watching.Load())
		get(page, "/")
		require.EqualValues(t, 1, c.watching.Load())
		time.Sleep(14 * time.Second)
		get(page, "/")
		time.Sleep(14 * time.Second)
		synctest.Wait()
		require.EqualValues(t, 1, c.watching.Load(), "somebody looks again and again")
		get(page, "/")
		page.Expire()
		require.EqualValues(t, 1, c.watching.Load(), "the timer has fired just as somebody looked")
		time.Sleep(14 * time.Second)
		time.Sleep(2 * time.Second)
		synctest.Wait()
		require.Zero(t, c.watching.Load())
		get(page, "/")
		require.NoError(t, page.Close())
		require.Zero(t, c.watching.Load())
		require.NoError(t, page.Close())
	})
}

// Labels are what users sent: none of them may change the page, drive a terminal or fill a disk.
func TestLabelsAreEscapedAndBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pool := workerpool.New(workerpool.Config{Workers: 3, Name: "<script>alert(1)</script>"})
		page := inspect.Handler(pool)
		get(page, "/")
		end := make(chan struct{})
		for _, label := range []string{
			"</title><script>alert(1)</script>\"'", strings.Repeat("x", 1<<20),
			"\x1b[2J\x00\u202e",
		} {
			block(t.Context(), pool, label, end)
		}
		time.Sleep(10 * time.Second)
		for _, path := range []string{"/", "/text", "/json", "/trace"} {
			body := get(page, path).Body.String()
			if path == "/" {
				require.Contains(t, body, "</html>", body)
			}
			require.Less(t, len(body), 200_000, path)
			require.NotContains(t, body, "\x1b", path)
			require.NotContains(t, body, "\u202e", path)
			if path == "/" {
				require.Equal(t, 1, strings.Count(body, "<script>"), "the page's own")
			}
		}
		close(end)
		require.NoError(t, pool.Close())
		require.NoError(t, page.Close())
	})
}

// A pool that ends a hundred thousand tasks a second fills the record within a moment. The picture
// begins with the record then, and a task that began before it is still there.
func TestALongTaskStaysInThePictureOfABusyPool(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pool := workerpool.New(workerpool.Config{Name: "busy", Workers: 2})
		page := inspect.Handler(pool)
		get(page, "/")
		end := make(chan struct{})
		block(t.Context(), pool, "long", end)
		time.Sleep(9 * time.Second)
		for range 20_000 { // of three events each
			require.NoError(t, quartet.Run(t.Context(), pool, func(context.Context) error { return nil }))
		}
		time.Sleep(100 * time.Millisecond)
		html := get(page, "/").Body.String()
		require.Regexp(t, `<text class="q-name"[^>]*>long</text>`, html)
		require.Contains(t, html, ">100ms</text>", "the axis is that of the record")
		require.Contains(t, html, "<dt>ended / s</dt><dd>2198</dd>")
		close(end)
		require.NoError(t, pool.Close())
		require.NoError(t, page.Close())
	})
}

func TestFormsAndHeaders(t *testing.T) {
	pool := workerpool.New(workerpool.Config{})
	defer func() { require.NoError(t, pool.Close()) }()
	page := inspect.Handler(pool, quartet.Serialized(pool), pool.Priority(workerpool.High))
	defer func() { require.NoError(t, page.Close()) }()
	get(page, "/")
	require.NoError(t, quartet.Run(t.Context(), pool, func(context.Context) error { return nil }))
	for path, want := range map[string]string{
		"/debug/quartet/": "text/html; charset=utf-8", "/": "text/html; charset=utf-8",
		"/other":              "text/html; charset=utf-8",
		"/debug/quartet/text": "text/plain; charset=utf-8", "/debug/quartet/?format=text": "text/plain; charset=utf-8",
		"/debug/quartet/json": "application/json", "/debug/quartet/trace": "application/json",
	} {
		w := get(page, path)
		require.Equal(t, 200, w.Code)
		require.Equal(t, want, w.Header().Get("Content-Type"), path)
		require.Contains(t, w.Header().Get("Content-Security-Policy"), "default-src 'none'")
		if want == "application/json" {
			require.True(t, json.Valid(w.Body.Bytes()), path)
		}
	}
	w := httptest.NewRecorder()
	page.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/", nil))
	require.Equal(t, 405, w.Code)

	names := []string{}
	for _, x := range snapshot(t, page).Executors {
		names = append(names, x.Name+" "+x.Kind)
	}
	require.Equal(t, []string{"workerpool workerpool", "workerpool #2 workerpool", "workerpool #3 workerpool"}, names)
	require.PanicsWithValue(t, "inspect: Handler: executor 1 is nil", func() { inspect.Handler(pool, nil) })
}

func TestRatesCoverTheTimeBetweenLooks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pool := workerpool.New(workerpool.Config{})
		page := inspect.Handler(pool)
		require.Zero(t, snapshot(t, page).Executors[0].Rates.Seconds, "there was no look before")
		for range 40 {
			_ = quartet.Run(t.Context(), pool, func(context.Context) error { return context.Canceled })
		}
		time.Sleep(4 * time.Second)
		s := snapshot(t, page)
		require.Equal(t, inspect.Rates{Seconds: 4, Submitted: 10, Ended: 10, Failed: 10}, s.Executors[0].Rates)
		require.True(t, found(s, "workerpool", "100 % of its tasks fail."))
		require.NoError(t, pool.Close())
		require.NoError(t, page.Close())
	})
}

// scripted is an executor whose numbers a test tells.
type scripted struct {
	quartet.Executor
	stats func() quartet.Stats
}

func (s scripted) Stats() quartet.Stats { return s.stats() }

// Two requests at once may ask an executor in one order, and note their looks in the other. A
// counter that seems to fall is no rate, and above all not one of 2⁶⁴ a second.
func TestARateIsNeverBelowZero(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		submitted := uint64(100)
		stats := func() quartet.Stats { return quartet.Stats{Submitted: submitted} }
		page := inspect.Handler(scripted{quartet.Inline(), stats})
		snapshot(t, page)
		submitted = 80
		time.Sleep(time.Second)
		require.Equal(t, inspect.Rates{Seconds: 1}, snapshot(t, page).Executors[0].Rates)
		require.NoError(t, page.Close())
	})
}

func ExampleHandler() {
	pool := workerpool.New(workerpool.Config{Name: "thumbs", Workers: 2})
	defer func() { _ = pool.Close() }()
	page := inspect.Handler(pool)
	defer func() { _ = page.Close() }()
	mux := http.NewServeMux()
	mux.Handle("/debug/quartet/", page)

	_ = quartet.Run(context.Background(), pool, func(context.Context) error { return nil })
	for line := range strings.Lines(get(mux, "/debug/quartet/text").Body.String()) {
		if strings.HasPrefix(line, "running") || strings.HasPrefix(line, "submitted") {
			fmt.Print(line)
		}
	}
	// Output:
	// running 0 of 2, waiting 0, queued 0, blocked submitters 0
	// submitted 1, done 1, failed 0, abandoned 0, rejected 0
}

// A task that began before a full record's first event is in the trace and in the picture, and so
// is one that began before the window.
func TestTheTraceHasTasksWhoseStartWasForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pool := workerpool.New(workerpool.Config{Workers: 2})
		page := inspect.Handler(pool)
		require.JSONEq(t, `{"traceEvents":[]}`, get(page, "/trace").Body.String())
		end := make(chan struct{})
		block(t.Context(), pool, "the long one", end)
		for range 60_000 { // the record has room for 50,000 events
			_, err := quartet.Do(t.Context(), pool, func(context.Context) (int, error) { return 0, nil })
			require.NoError(t, err)
		}
		for range 2 {
			require.Contains(t, get(page, "/").Body.String(), "the long one")
			require.Contains(t, get(page, "/trace").Body.String(), "the long one")
			for range 3 { // the window passes, while somebody looks
				time.Sleep(5 * time.Second)
				get(page, "/")
			}
		}
		close(end)
		require.NoError(t, page.Close())
		require.NoError(t, pool.Close())
	})
}

// A program may judge the snapshot itself: for a health check, say.
func ExamplePage_Snapshot() {
	pool := workerpool.New(workerpool.Config{Name: "thumbs", Workers: 2})
	defer func() { _ = pool.Close() }()
	page := inspect.Handler(pool)
	defer func() { _ = page.Close() }()
	_ = quartet.Run(context.Background(), pool, func(context.Context) error { return nil })
	for _, x := range page.Snapshot().Executors {
		fmt.Println(x.Name, x.Kind, x.Stats.Done)
	}
	// Output: thumbs workerpool 1
}

// listing is an executor whose tasks are these.
type listing struct {
	quartet.Runner
	tasks []quartet.TaskStatus
}

func (l listing) Tasks(queued bool, _ int) []quartet.TaskStatus {
	if queued {
		return nil
	}
	return l.tasks
}

// The findings name three tasks that have run for long, and no more, whoever waits among them.
func TestFindingsNameThreeLongTasks(t *testing.T) {
	ex := listing{Runner: quartet.Inline()}
	for i := range uint64(8) {
		ex.tasks = append(ex.tasks, quartet.TaskStatus{
			Info: quartet.Info{Task: i + 1}, State: quartet.EventStarted,
			Since: time.Now().Add(time.Duration(i)*time.Minute - time.Hour),
		})
	}
	ex.tasks[2].State = quartet.EventSuspended
	p := inspect.Handler(ex)
	defer p.Close()
	var named []string
	for _, f := range p.Snapshot().Findings {
		named = append(named, strings.Fields(f.Text)[1])
	}
	require.Equal(t, []string{"1", "2", "4"}, named)
}
