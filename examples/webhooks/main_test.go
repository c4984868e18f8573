package main

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/workerpool"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestEachCustomerGetsItsEventsInOrder(t *testing.T) {
	var out strings.Builder
	require.NoError(t, run(t.Context(), &out))
	require.Equal(t, strings.Join([]string{
		"acme    1 2 3 4 5 6   6 retries",
		"birch   1 2 3 4 5 6   0 retries",
		"cedar   1 2 3 4 5 6   0 retries",
		"slow    1 2 3 4 5 6   0 retries",
		"",
	}, "\n"), out.String())
}

// transport answers requests without a network.
type transport func(*http.Request) (*http.Response, error)

func (t transport) RoundTrip(r *http.Request) (*http.Response, error) { return t(r) }

// A delivery that waits for its retries lends the only worker.
func TestARetryOccupiesItsKeyAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pool := workerpool.New(workerpool.Config{Workers: 1})
		var order []string
		client := &http.Client{Transport: transport(func(r *http.Request) (*http.Response, error) {
			order = append(order, r.URL.Path)
			if r.URL.Path == "/down" {
				return nil, errors.New("refused")
			}
			return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader("")), Request: r}, nil
		})}
		start := func(customer string) *quartet.Future[int] {
			return quartet.Go(t.Context(), pool.Key(customer), func(ctx context.Context) (int, error) {
				return deliver(ctx, client, "http://host/"+customer, 1)
			})
		}
		began := time.Now()
		down, up := start("down"), start("up")
		_, err := up.Await(t.Context())
		require.NoError(t, err)
		require.Zero(t, time.Since(began), "it has waited for the retries of the other key")
		_, err = down.Await(t.Context())
		require.ErrorContains(t, err, "event 1: given up")
		require.Equal(t, backoff*(1<<(attempts-1)-1), time.Since(began))
		require.NoError(t, pool.Close())
		require.Equal(t, []string{"/down", "/up", "/down", "/down", "/down", "/down"}, order)
	})
}
