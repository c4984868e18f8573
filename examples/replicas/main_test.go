package main

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/quartet-go/quartet/procpool"
)

func TestMain(m *testing.M) {
	procpool.Init()
	goleak.VerifyTestMain(m)
}

// The program, from its first line to its last: a crash and a reload in between.
func TestReplicas(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	reload := make(chan os.Signal, 1)
	r, w := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		err := run(ctx, w, "127.0.0.1:0", 2, reload)
		_ = w.CloseWithError(io.EOF)
		ended <- err
	}()
	lines := bufio.NewScanner(r)
	next := func() string {
		if !lines.Scan() {
			err := <-ended
			if errors.Is(err, errors.ErrUnsupported) {
				t.Skip(err)
			}
			t.Fatal(err)
		}
		return lines.Text()
	}
	first := next()
	url, _, _ := strings.Cut(strings.TrimPrefix(first, "listening on "), ": ")
	require.Equal(t, "2 processes serve", next())

	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: time.Minute}
	get := func(path string) (string, error) {
		response, err := client.Get(url + path)
		if err != nil {
			return "", err
		}
		body, err := io.ReadAll(response.Body)
		return string(body), errors.Join(err, response.Body.Close())
	}
	before, err := get("/")
	require.NoError(t, err)
	require.Contains(t, before, "process ")
	_, err = get("/crash")
	require.Error(t, err)
	for range 10 {
		_, err = get("/")
		require.NoError(t, err)
	}
	reload <- os.Interrupt
	require.Equal(t, "reloaded: <nil>", next())
	require.Eventually(t, func() bool { // an old one answers until it has heard
		after, err := get("/")
		return err == nil && after != before
	}, time.Minute, time.Millisecond, "all processes are new")
	cancel()
	require.Equal(t, "drained", next())
	require.NoError(t, <-ended)
}
