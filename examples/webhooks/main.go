// Webhooks delivers events to customers: in order for each customer, side by side for all of them,
// with retries. The receiver of acme refuses every other event twice, the one of slow takes its
// time:
//
//	acme    1 2 3 4 5 6   6 retries
//	birch   1 2 3 4 5 6   0 retries
//	cedar   1 2 3 4 5 6   0 retries
//	slow    1 2 3 4 5 6   0 retries
//
// A key of the pool is the order: the next delivery to a customer starts when the one before has
// ended, also where that waits for a retry. And such a wait lends its worker, so that two workers
// serve all: what waits occupies its key alone.
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/workerpool"
)

const (
	events   = 6
	attempts = 5
	patience = 5 * time.Second
	backoff  = 10 * time.Millisecond // before the first retry; each further one waits twice as long
)

var customers = []string{"acme", "birch", "cedar", "slow"}

func main() {
	if err := run(context.Background(), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, w io.Writer) error {
	got := &receiver{got: map[string][]int{}, refused: map[string]map[int]int{"acme": {}}}
	ln, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		return err
	}
	server := &http.Server{Handler: http.MaxBytesHandler(got, 64<<10), ReadHeaderTimeout: patience}
	go func() { _ = server.Serve(ln) }()
	defer server.Close()

	client := &http.Client{Transport: &http.Transport{}, Timeout: patience} // a delivery keeps its worker so long
	defer client.CloseIdleConnections()
	pool := workerpool.New(workerpool.Config{Workers: 2})
	var deliveries []*quartet.Future[int]
	for event := 1; event <= events; event++ {
		for _, customer := range customers {
			url := fmt.Sprintf("http://%s/%s", ln.Addr(), customer)
			deliveries = append(deliveries, quartet.Go(ctx, pool.Key(customer), func(ctx context.Context) (int, error) {
				return deliver(ctx, client, url, event)
			}))
		}
	}
	_, err = quartet.AwaitAll(ctx, deliveries...)
	if err := errors.Join(err, quartet.Stop(ctx, pool, server)); err != nil {
		return err
	}
	got.print(w)
	return nil
}

// deliver posts an event, and again when that fails. It returns how many retries that took.
func deliver(ctx context.Context, client *http.Client, url string, event int) (retries int, err error) {
	for retries = range attempts {
		if retries > 0 {
			if err := rest(ctx, backoff<<(retries-1)); err != nil {
				return retries, err
			}
		}
		if err = post(ctx, client, url, event); err == nil {
			return retries, nil
		}
	}
	return retries, fmt.Errorf("event %d: given up: %w", event, err)
}

// rest sleeps for d and lends the worker meanwhile, where quartet.Sleep alone would keep it.
func rest(ctx context.Context, d time.Duration) (err error) {
	lent := quartet.Lend(ctx, func() { err = quartet.Sleep(quartet.Detach(ctx), d) })
	return errors.Join(lent, err)
}

func post(ctx context.Context, client *http.Client, url string, event int) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewBufferString(strconv.Itoa(event)))
	if err != nil {
		return err
	}
	answer, err := client.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return errors.New(answer.Status)
	}
	return nil
}

// receiver is a server of the customers. It notes each delivery.
type receiver struct {
	mu      sync.Mutex
	got     map[string][]int
	refused map[string]map[int]int // how often, by event
}

func (x *receiver) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	event, _ := strconv.Atoi(string(body))
	customer := r.URL.Path[1:]
	if customer == "slow" {
		time.Sleep(10 * time.Millisecond)
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if refused := x.refused[customer]; refused != nil && event%2 == 1 && refused[event] < 2 {
		refused[event]++
		http.Error(w, "not now", http.StatusServiceUnavailable)
		return
	}
	x.got[customer] = append(x.got[customer], event)
}

func (x *receiver) print(w io.Writer) {
	for _, customer := range customers {
		fmt.Fprintf(w, "%-7s", customer)
		for _, event := range x.got[customer] {
			fmt.Fprintf(w, " %d", event)
		}
		retries := 0
		for _, n := range x.refused[customer] {
			retries += n
		}
		fmt.Fprintf(w, "   %d retries\n", retries)
	}
}
