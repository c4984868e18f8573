//go:build !(js && wasm)

package eventloop_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/eventloop"
	"github.com/quartet-go/quartet/internal/executortest"
)

// Clients of HTTP/2 give their requests up at any moment, also while the handler returns: net/http
// takes its ResponseWriter apart then, so that nothing may touch it any more.
func TestAStormOfHTTP2Cancellations(t *testing.T) {
	requests := 4_000
	if executortest.Long() {
		requests = 200_000
	}
	l := started(t, eventloop.Config{})
	s := httptest.NewUnstartedServer(eventloop.Handler(l,
		http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch r.URL.Path {
			case "/flush":
				_ = http.NewResponseController(w).Flush()
			case "/body":
				_, _ = io.Copy(w, r.Body)
			case "/large":
				_, _ = w.Write(make([]byte, 100_000))
			case "/sleep":
				_ = quartet.Sleep(r.Context(), time.Millisecond)
			}
			fmt.Fprint(w, "ok")
		})))
	s.EnableHTTP2 = true
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	defer s.Close()
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for i := range requests / 8 {
				path := []string{"/", "/flush", "/body", "/large", "/sleep"}[i%5]
				ctx, cancel := context.WithTimeout(t.Context(), rand.N(2*time.Millisecond))
				request, _ := http.NewRequestWithContext(ctx, http.MethodPost, s.URL+path,
					strings.NewReader("some body"))
				if answer, err := s.Client().Do(request); err == nil {
					_, _ = io.Copy(io.Discard, answer.Body)
					_ = answer.Body.Close()
				}
				cancel()
			}
		})
	}
	all.Wait()
	require.Eventually(t, func() bool {
		s := l.Stats()
		return s.Running+s.Waiting+s.Queued == 0
	}, 10*time.Second, time.Millisecond)
}

// reverse runs a proxy as a library that waits on its caller's goroutine has to be run.
func reverse(p *httputil.ReverseProxy, block bool) http.HandlerFunc {
	if !block {
		return p.ServeHTTP
	}
	return func(w http.ResponseWriter, r *http.Request) {
		_ = quartet.Block(r.Context(), func() { p.ServeHTTP(w, r) })
	}
}

func quiet(h http.Handler) *httptest.Server {
	s := httptest.NewUnstartedServer(h)
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.Start()
	return s
}

// The goroutines of a ReverseProxy's transport read the request's body and send early hints.
func TestReverseProxy(t *testing.T) {
	upstream := quiet(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Link", "early")
		w.WriteHeader(http.StatusEarlyHints)
		text, _ := io.ReadAll(r.Body)
		_, _ = w.Write(text)
	}))
	defer upstream.Close()
	target, _ := url.Parse(upstream.URL)
	for _, block := range []bool{false, true} {
		t.Run(fmt.Sprint("block ", block), func(t *testing.T) {
			l := started(t, eventloop.Config{Debug: true})
			proxy := httputil.NewSingleHostReverseProxy(target)
			proxy.FlushInterval = time.Millisecond
			s := serve(t, l, reverse(proxy, block))
			for _, size := range []int{0, 10, 5_000, 1_000_000} {
				body := bytes.Repeat([]byte("x"), size)
				answer, err := s.Client().Post(s.URL, "text/plain", bytes.NewReader(body))
				require.NoError(t, err)
				got, err := io.ReadAll(answer.Body)
				require.NoError(t, err)
				require.NoError(t, answer.Body.Close())
				require.Equal(t, http.StatusOK, answer.StatusCode)
				require.True(t, bytes.Equal(body, got))
			}
		})
	}
}

// A body that was read to its end says so again, also when net/http has closed it, as it does
// before it sends the header. A Transport that forwards the body looks once more, and drops its
// connection at any other error.
func TestABodyStaysAtItsEnd(t *testing.T) {
	again := func(r *http.Request) error {
		_, err := r.Body.Read(make([]byte, 1))
		return err
	}
	onTask, onOther, afterClose := make(chan error, 1), make(chan error, 1), make(chan error, 1)
	l := started(t, eventloop.Config{Debug: true})
	s := serve(t, l, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(w, "answer")
		w.(http.Flusher).Flush()
		onTask <- again(r)
		_ = quartet.Block(r.Context(), func() { onOther <- again(r) })
		_ = r.Body.Close()
		afterClose <- again(r)
	})
	answer, err := s.Client().Post(s.URL, "text/plain", strings.NewReader("some body"))
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	require.Equal(t, io.EOF, <-onTask)
	require.Equal(t, io.EOF, <-onOther)
	require.Equal(t, http.ErrBodyReadAfterClose, <-afterClose)
}

// An upstream that answers before it has read the body leaves a goroutine behind that still reads
// it.
func TestReverseProxyWhoseUpstreamRefusesUploads(t *testing.T) {
	upstream := quiet(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Connection", "close")
		w.WriteHeader(http.StatusUnauthorized)
	}))
	defer upstream.Close()
	target, _ := url.Parse(upstream.URL)
	for _, block := range []bool{false, true} {
		t.Run(fmt.Sprint("block ", block), func(t *testing.T) {
			l := started(t, eventloop.Config{Debug: true})
			proxy := httputil.NewSingleHostReverseProxy(target)
			proxy.ErrorLog = log.New(io.Discard, "", 0)
			s := serve(t, l, reverse(proxy, block))
			var all sync.WaitGroup
			for range 4 {
				all.Go(func() {
					for range 10 {
						in, out := io.Pipe()
						go func() {
							for range 5 {
								_, _ = out.Write(make([]byte, 6000))
							}
							_ = out.Close()
						}()
						if answer, err := s.Client().Post(s.URL, "x/y", in); err == nil {
							_ = answer.Body.Close()
						}
						_ = in.Close()
					}
				})
			}
			all.Wait()
			on(t, l, func() {}) // the loop still answers
			s.Close()
			stats := l.Stats()
			require.Equal(t, uint64(40), stats.Done)
		})
	}
}

// A goroutine of the handler's and a task of the loop use the exchange beside the handler itself.
func TestABodyReadElsewhereWhileTheHandlerWrites(t *testing.T) {
	l := started(t, eventloop.Config{Debug: true})
	for name, elsewhere := range map[string]func(ctx context.Context, fn func()){
		"goroutine": func(_ context.Context, fn func()) { go fn() },
		"task": func(ctx context.Context, fn func()) {
			_ = l.Go(func(context.Context) { fn() })
		},
	} {
		t.Run(name, func(t *testing.T) {
			read := make(chan string, 1)
			s := serve(t, l, func(w http.ResponseWriter, r *http.Request) {
				_ = http.NewResponseController(w).EnableFullDuplex()
				elsewhere(r.Context(), func() {
					text, err := io.ReadAll(r.Body)
					if err != nil {
						t.Error(err)
					}
					read <- string(text)
				})
				for range 3 {
					fmt.Fprint(w, "part ")
					w.(http.Flusher).Flush()
					_ = quartet.Sleep(r.Context(), time.Millisecond)
				}
				_ = quartet.Block(r.Context(), func() { read <- <-read }) // the end of the reading
			})
			in, out := io.Pipe()
			answers := make(chan *http.Response, 1)
			go func() {
				answer, err := s.Client().Post(s.URL, "text/plain", in)
				if err != nil {
					t.Error(err)
				}
				answers <- answer
			}()
			answer := <-answers // while the body stands still
			text := make([]byte, len("part part part "))
			_, err := io.ReadFull(answer.Body, text)
			require.NoError(t, err)
			require.Equal(t, "part part part ", string(text))
			_, _ = io.WriteString(out, "the body")
			_ = out.Close()
			_, _ = io.Copy(io.Discard, answer.Body)
			_ = answer.Body.Close()
			require.Equal(t, "the body", <-read)
		})
	}
}

// Whoever still has the writer and the body when the handler has returned gets errors, and harms
// nobody.
func TestUseAfterTheHandlerHasReturned(t *testing.T) {
	l := started(t, eventloop.Config{})
	for _, http2 := range []bool{false, true} {
		returned, used := make(chan struct{}), make(chan struct{})
		s := httptest.NewUnstartedServer(eventloop.Handler(l,
			http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				go func() {
					defer close(used)
					<-returned
					_, err := io.WriteString(w, "late")
					require.Error(t, err)
					require.Error(t, http.NewResponseController(w).Flush())
					_, _, err = http.NewResponseController(w).Hijack()
					require.Error(t, err)
					w.Header().Set("Late", "late")
					w.WriteHeader(http.StatusTeapot)
					_, _ = io.ReadAll(r.Body) // what net/http has left of it
					_ = r.Body.Close()
				}()
				fmt.Fprint(w, "in time")
			})))
		s.EnableHTTP2 = http2
		s.StartTLS()
		answer, err := s.Client().Post(s.URL, "text/plain", strings.NewReader("body"))
		require.NoError(t, err)
		text, err := io.ReadAll(answer.Body)
		require.NoError(t, err)
		_ = answer.Body.Close()
		require.Equal(t, "in time", string(text))
		s.Close() // when it is over, net/http is over with the request
		close(returned)
		<-used
	}
}

// A handler forwards its body with an http.Client, whose goroutine reads it.
func TestAClientInAHandlerForwardsTheBody(t *testing.T) {
	upstream := quiet(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(w, r.Body) }))
	defer upstream.Close()
	l := started(t, eventloop.Config{Debug: true})
	s := serve(t, l, func(w http.ResponseWriter, r *http.Request) {
		request, _ := http.NewRequestWithContext(r.Context(), http.MethodPost, upstream.URL,
			http.MaxBytesReader(w, r.Body, 1000))
		var answer *http.Response
		var err error
		_ = quartet.Block(r.Context(), func() { answer, err = upstream.Client().Do(request) })
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		defer answer.Body.Close()
		_, _ = io.Copy(w, answer.Body)
	})
	for size, code := range map[int]int{
		10: http.StatusOK, 1000: http.StatusOK, 1001: http.StatusBadGateway,
		1_000_000: http.StatusBadGateway,
	} {
		answer, err := s.Client().Post(s.URL, "text/plain", strings.NewReader(strings.Repeat("x", size)))
		require.NoError(t, err)
		require.Equal(t, code, answer.StatusCode, size)
		_ = answer.Body.Close()
	}
}

// A Handler in a Handler of the same loop is a call.
func TestAHandlerInAHandler(t *testing.T) {
	l := started(t, eventloop.Config{})
	s := serve(t, l, func(w http.ResponseWriter, r *http.Request) {
		eventloop.Handler(l,
			http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "inner") })).ServeHTTP(w, r)
	})
	code, text := get(t, s, "/")
	require.Equal(t, "200 inner", fmt.Sprint(code, " ", text))
}

// raw sends a request by hand, and returns all that comes back until the server closes the
// connection.
func raw(t *testing.T, s *httptest.Server, request string) string {
	t.Helper()
	nc, err := net.Dial("tcp", s.Listener.Addr().String())
	require.NoError(t, err)
	defer nc.Close()
	_, err = io.WriteString(nc, request)
	require.NoError(t, err)
	text, _ := io.ReadAll(nc)
	return string(text)
}

// What a Handler's writer says to a handler is what net/http's says.
func TestErrorsAreNetHTTPs(t *testing.T) {
	l := started(t, eventloop.Config{})
	var errs []error
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		errs = nil
		note := func(n int, err error) { errs = append(errs, fmt.Errorf("%d: %w", n, err)) }
		switch r.URL.Path {
		case "/204":
			w.WriteHeader(http.StatusNoContent)
			note(io.WriteString(w, "body"))
			note(w.Write(nil))
		case "/304":
			w.WriteHeader(http.StatusNotModified)
			note(w.Write([]byte("body")))
		case "/length":
			w.Header().Set("Content-Length", "5")
			note(io.WriteString(w, "123"))
			note(io.WriteString(w, "456"))
			note(io.WriteString(w, "78"))
		case "/hijacked":
			nc, _, err := w.(http.Hijacker).Hijack()
			note(0, err)
			note(io.WriteString(w, "late"))
			_, _, err = w.(http.Hijacker).Hijack()
			note(0, err)
			_, _ = io.WriteString(nc, "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
			_ = nc.Close()
		}
	})
	plain := quiet(handler)
	defer plain.Close()
	ours := serve(t, l, handler)
	for _, path := range []string{"/204", "/304", "/length", "/hijacked"} {
		request := "GET " + path + " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
		want := raw(t, plain, request)
		wantErrs := errs
		got := raw(t, ours, request)
		dates := func(s string) string { return strings.Split(s, "Date:")[0] }
		require.Equal(t, dates(want), dates(got), path)
		require.Equal(t, fmt.Sprint(wantErrs), fmt.Sprint(errs), path)
	}
}

// http.MaxBytesReader has net/http end the connection, so that the rest of the body is not read.
func TestRequestTooLargeReachesNetHTTP(t *testing.T) {
	l := started(t, eventloop.Config{})
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1000))
		if err != nil {
			var large *http.MaxBytesError
			require.ErrorAs(t, err, &large)
			http.Error(w, err.Error(), http.StatusRequestEntityTooLarge)
		}
	})
	plain := quiet(handler)
	defer plain.Close()
	ours := serve(t, l, handler)
	for _, size := range []int{1, 511, 512, 513, 999, 1000, 1001, 1024, 2000, 300_000} {
		closes := func(s *httptest.Server) (int, bool) {
			answer, err := s.Client().Post(s.URL, "text/plain", bytes.NewReader(make([]byte, size)))
			require.NoError(t, err)
			_ = answer.Body.Close()
			return answer.StatusCode, answer.Close
		}
		code, closed := closes(plain)
		ourCode, ourClosed := closes(ours)
		require.Equal(t, fmt.Sprint(code, closed), fmt.Sprint(ourCode, ourClosed), "%d bytes", size)
	}
}

// A hijacked connection goes to the loop, and outlives its handler.
func TestAHijackedConnectionOnTheLoop(t *testing.T) {
	l := started(t, eventloop.Config{Debug: true})
	s := serve(t, l, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // the guard of the exchange watches from here
		nc, buffered, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		require.Zero(t, buffered.Reader.Buffered())
		c, err := l.Attach(nc)
		require.NoError(t, err)
		c.OnData(func(p []byte) { _, _ = c.Write(bytes.ToUpper(p)) })
		_, _ = c.Write([]byte("HTTP/1.1 101 Switching Protocols\r\n\r\n"))
	})
	nc, err := net.Dial("tcp", s.Listener.Addr().String())
	require.NoError(t, err)
	defer nc.Close()
	_, _ = io.WriteString(nc, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx")
	head := make([]byte, len("HTTP/1.1 101 Switching Protocols\r\n\r\n"))
	_, err = io.ReadFull(nc, head)
	require.NoError(t, err)
	for range 3 {
		_, _ = io.WriteString(nc, "echo")
		text := make([]byte, 4)
		_, err = io.ReadFull(nc, text)
		require.NoError(t, err)
		require.Equal(t, "ECHO", string(text))
	}
}

func TestHTTP2HasNoConnectionToHijack(t *testing.T) {
	l := started(t, eventloop.Config{})
	s := httptest.NewUnstartedServer(eventloop.Handler(l,
		http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _, err := w.(http.Hijacker).Hijack()
			fmt.Fprint(w, errors.Is(err, http.ErrNotSupported))
		})))
	s.EnableHTTP2 = true
	s.StartTLS()
	defer s.Close()
	code, text := get(t, s, "/")
	require.Equal(t, "200 true", fmt.Sprint(code, " ", text))
}

// Clients that begin a body and send no more are bounded in number, and keep nobody else out.
func TestUploadsThatStandStill(t *testing.T) {
	l := started(t, eventloop.Config{InFlight: 4})
	entered := make(chan struct{}, 10)
	s := serve(t, l, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			entered <- struct{}{}
			_, _ = io.ReadAll(r.Body)
		}
	})
	stand := func() net.Conn {
		nc, err := net.Dial("tcp", s.Listener.Addr().String())
		require.NoError(t, err)
		_, _ = io.WriteString(nc, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf")
		return nc
	}
	first, second := stand(), stand()
	defer second.Close()
	<-entered
	<-entered
	post := func() int {
		answer, err := s.Client().Post(s.URL, "text/plain", strings.NewReader("whole"))
		require.NoError(t, err)
		_ = answer.Body.Close()
		require.Equal(t, answer.StatusCode == http.StatusServiceUnavailable, answer.Header.Get("Retry-After") != "")
		return answer.StatusCode
	}
	require.Equal(t, http.StatusServiceUnavailable, post())
	code, _ := get(t, s, "/")
	require.Equal(t, http.StatusOK, code, "a request without a body gets in")
	_ = first.Close()
	require.Eventually(t, func() bool { return post() == http.StatusOK }, 10*time.Second, time.Millisecond)
}

func TestARequestThatFindsNoRoomIsRefused(t *testing.T) {
	l := started(t, eventloop.Config{InFlight: 1})
	entered := make(chan struct{})
	s := serve(t, l, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/long" {
			close(entered)
			_ = quartet.Sleep(r.Context(), time.Hour)
		}
	})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() {
		request, _ := http.NewRequestWithContext(ctx, http.MethodGet, s.URL+"/long", nil)
		_, _ = s.Client().Do(request)
	}()
	<-entered
	code, text := get(t, s, "/")
	require.Equal(t, http.StatusServiceUnavailable, code)
	require.Contains(t, text, quartet.ErrSaturated.Error())
}
