//go:build !(js && wasm)

package eventloop_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/eventloop"
)

// Handlers share a counter without a mutex.
func ExampleHandler() {
	loop := eventloop.New(eventloop.Config{})
	loop.Start()
	visits := 0
	server := httptest.NewServer(eventloop.Handler(loop, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		visits++
		_ = quartet.Sleep(r.Context(), time.Millisecond) // others run meanwhile
		fmt.Fprintf(w, "visit %d", visits)
	})))
	answer, _ := http.Get(server.URL)
	text, _ := io.ReadAll(answer.Body)
	_ = answer.Body.Close()
	fmt.Printf("%s\n", text)
	server.Close()
	_ = loop.Close()
	// Output: visit 1
}

// serve serves h on a loop, and returns the client's view.
func serve(t *testing.T, l *eventloop.Loop, h http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewUnstartedServer(eventloop.Handler(l, h))
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.Start()
	t.Cleanup(s.Close)
	return s
}

func get(t *testing.T, s *httptest.Server, path string) (code int, body string) {
	t.Helper()
	answer, err := s.Client().Get(s.URL + path)
	require.NoError(t, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	return answer.StatusCode, string(text)
}

func TestHandlersShareStateWithoutAMutex(t *testing.T) {
	l := started(t, eventloop.Config{Debug: true})
	count, inside, most := 0, 0, 0
	s := serve(t, l, func(w http.ResponseWriter, r *http.Request) {
		before := count
		inside++
		most = max(most, inside)
		count = before + 1
		quartet.Yield(r.Context())
		inside--
		fmt.Fprint(w, before)
	})
	var all sync.WaitGroup
	for range 100 {
		all.Go(func() {
			if code, _ := get(t, s, "/"); code != http.StatusOK {
				t.Error(code)
			}
		})
	}
	all.Wait()
	on(t, l, func() { require.Equal(t, 100, count) })
}

// A handler that waits for its body, or for a client that does not read, keeps nobody else.
func TestBodiesStreamAndKeepNobody(t *testing.T) {
	l := started(t, eventloop.Config{Debug: true})
	s := serve(t, l, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/quick" {
			return
		}
		_ = http.NewResponseController(w).EnableFullDuplex()
		for buf := make([]byte, 10); ; {
			n, err := r.Body.Read(buf)
			_, _ = w.Write(bytes.ToUpper(buf[:n]))
			w.(http.Flusher).Flush()
			if err != nil {
				return
			}
		}
	})
	in, out := io.Pipe()
	request, err := http.NewRequest(http.MethodPost, s.URL+"/echo", in)
	require.NoError(t, err)
	answers := make(chan *http.Response, 1)
	go func() {
		answer, err := s.Client().Do(request)
		if err != nil {
			t.Error(err)
		}
		answers <- answer
	}()
	_, err = out.Write([]byte("first "))
	require.NoError(t, err)
	answer := <-answers
	defer answer.Body.Close()
	p := make([]byte, 6)
	_, err = io.ReadFull(answer.Body, p)
	require.NoError(t, err)
	require.Equal(t, "FIRST ", string(p), "streamed, before the request has ended")
	code, _ := get(t, s, "/quick")
	require.Equal(t, http.StatusOK, code)
	_, err = out.Write([]byte("second"))
	require.NoError(t, err)
	require.NoError(t, out.Close())
	rest, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	require.Equal(t, "SECOND", string(rest))
}

func TestAClientThatGoesAwayEndsTheContext(t *testing.T) {
	l := started(t, eventloop.Config{})
	entered, ended := make(chan struct{}), make(chan error, 1)
	s := serve(t, l, func(w http.ResponseWriter, r *http.Request) {
		close(entered)
		ended <- quartet.Sleep(r.Context(), time.Hour)
	})
	ctx, cancel := context.WithCancel(t.Context())
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL, nil)
	require.NoError(t, err)
	go func() {
		<-entered
		cancel()
	}()
	_, err = s.Client().Do(request)
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorIs(t, <-ended, context.Canceled)
}

func TestCloseOfTheLoopEndsAHandlerThatReadsItsBody(t *testing.T) {
	l := started(t, eventloop.Config{})
	entered, ended := make(chan struct{}), make(chan error, 1)
	s := serve(t, l, func(w http.ResponseWriter, r *http.Request) {
		close(entered)
		_, err := r.Body.Read(make([]byte, 1))
		ended <- err
	})
	in, out := io.Pipe()
	defer out.Close()
	go func() {
		request, _ := http.NewRequest(http.MethodPost, s.URL, in)
		if answer, err := s.Client().Do(request); err == nil {
			_ = answer.Body.Close()
		}
	}()
	<-entered
	require.NoError(t, l.Close())
	require.Error(t, <-ended)
	code, text := get(t, s, "/")
	require.Equal(t, http.StatusServiceUnavailable, code)
	require.Contains(t, text, quartet.ErrClosed.Error())
}

func TestAnswersOfEverySize(t *testing.T) {
	l := started(t, eventloop.Config{})
	s := serve(t, l, func(w http.ResponseWriter, r *http.Request) {
		var pieces, size int
		_, _ = fmt.Sscanf(r.URL.Path, "/%d/%d", &pieces, &size)
		for range pieces {
			n, err := io.WriteString(w, strings.Repeat("x", size))
			if n != size || err != nil {
				t.Error(n, err)
			}
			w.Header().Set("Late", "too late")
		}
	})
	for _, path := range []string{"/0/0", "/1/1", "/1/4096", "/2/4096", "/3/4097", "/1000/5", "/7/3000", "/1/1000000"} {
		var pieces, size int
		_, _ = fmt.Sscanf(path, "/%d/%d", &pieces, &size)
		answer, err := s.Client().Get(s.URL + path)
		require.NoError(t, err)
		text, err := io.ReadAll(answer.Body)
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
		require.Len(t, text, pieces*size, path)
		require.Empty(t, answer.Header.Get("Late"), "the header is fixed by the first Write")
	}
}

// A flush before the first byte sends the header, once: what server-sent events begin with.
func TestAFlushSendsTheHeader(t *testing.T) {
	l := started(t, eventloop.Config{})
	var logged bytes.Buffer
	first := make(chan struct{})
	s := httptest.NewUnstartedServer(eventloop.Handler(l,
		http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/event-stream")
			_ = http.NewResponseController(w).Flush()
			_ = quartet.Block(r.Context(), func() { <-first })
			_, _ = io.WriteString(w, "data: 1\n\n")
		})))
	s.Config.ErrorLog = log.New(&logged, "", 0)
	s.Start()
	answer, err := s.Client().Get(s.URL)
	require.NoError(t, err) // the header has come before the first byte
	require.Equal(t, "text/event-stream", answer.Header.Get("Content-Type"))
	close(first)
	text, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	require.Equal(t, "data: 1\n\n", string(text))
	s.Close()
	require.Empty(t, logged.String())
}

func TestPanicsOfHandlers(t *testing.T) {
	l := started(t, eventloop.Config{})
	values := make(chan any, 10)
	inner := eventloop.Handler(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/abort":
			panic(http.ErrAbortHandler)
		case "/exit":
			runtime.Goexit()
		}
		panic("boom")
	}))
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			value := recover()
			values <- value
			if value != nil {
				panic(http.ErrAbortHandler)
			}
		}()
		inner.ServeHTTP(w, r)
	}))
	defer s.Close()
	for path, check := range map[string]func(value any){
		"/abort": func(value any) { require.Equal(t, http.ErrAbortHandler, value) },
		"/exit":  func(value any) { require.Nil(t, value) },
		"/boom": func(value any) {
			var p *quartet.PanicError
			require.True(t, errors.As(value.(error), &p))
			require.Equal(t, "boom", p.Value)
			require.Contains(t, string(p.Stack), "TestPanicsOfHandlers")
		},
	} {
		_, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Get(s.URL + path)
		require.Error(t, err)
		check(<-values)
	}
}

func TestAnInformingHeaderIsSentAtOnce(t *testing.T) {
	l := started(t, eventloop.Config{})
	s := serve(t, l, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Link", "early")
		w.WriteHeader(http.StatusEarlyHints)
		w.WriteHeader(http.StatusTeapot)
		require.NoError(t, http.NewResponseController(w).SetWriteDeadline(time.Now().Add(time.Hour)))
	})
	code, _ := get(t, s, "/")
	require.Equal(t, http.StatusTeapot, code)
}

// A client that goes away while its request is queued takes it out of the queue.
func TestAClientThatGoesAwayBeforeTheStart(t *testing.T) {
	l := eventloop.New(eventloop.Config{})
	s := serve(t, l, func(http.ResponseWriter, *http.Request) { t.Error("nobody runs the loop") })
	ctx, cancel := context.WithCancel(t.Context())
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL, nil)
	require.NoError(t, err)
	go func() {
		for l.Stats().Queued == 0 {
			runtime.Gosched()
		}
		cancel()
	}()
	_, err = s.Client().Do(request)
	require.ErrorIs(t, err, context.Canceled)
	for l.Stats().Abandoned == 0 {
		runtime.Gosched()
	}
	require.NoError(t, l.Close())
}

func TestHandlerOfAZeroLoopPanics(t *testing.T) {
	for _, l := range []*eventloop.Loop{nil, {}} {
		require.PanicsWithValue(t, "eventloop: a Loop that New has not made", func() { eventloop.Handler(l, nil) })
	}
}
