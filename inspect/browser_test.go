package inspect_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/eventloop"
	"github.com/quartet-go/quartet/inspect"
	"github.com/quartet-go/quartet/internal/browsertest"
	"github.com/quartet-go/quartet/workerpool"
)

// In a browser the page refreshes itself, and keeps what the reader has opened and where the reader
// is.
func TestThePageRefreshesItselfAndKeepsTheReadersPlace(t *testing.T) {
	pool := workerpool.New(workerpool.Config{Name: "thumbs", Workers: 2})
	loop := eventloop.New(eventloop.Config{Name: "chat"})
	loop.Start()
	page := inspect.Handler(pool, loop)
	server := httptest.NewServer(page)
	end := make(chan struct{})
	defer func() {
		server.Close()
		require.NoError(t, page.Close())
		require.NoError(t, quartet.Stop(context.Background(), pool, loop))
	}()
	defer close(end)
	resp, err := http.Get(server.URL) // it watches from now on
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	for i := range 3 {
		block(t.Context(), pool.Key(i%2), fmt.Sprintf("<img src=x onerror='document.title=%q'> %d", "broken", i), end)
	}
	block(t.Context(), pool.Key(2), strings.Repeat("wide", 1<<18), end)          // 1 MiB
	block(t.Context(), pool.Key(3), "\x1b[2J\x00\x07\u202e\u2028 controls", end) // of terminals and of text

	b := browsertest.Open(t, server.URL)
	b.Until(`document.querySelector('[id^="x0-stack-"]')`) // a task has run for a second
	b.Eval(`document.querySelector('[id^="x0-stack-"]').open = true; scrollTo(0, 200); window.before = document.getElementById("x0"); ""`)
	b.Until(`document.getElementById("x0") !== window.before`)
	require.Equal(t, "true 200", b.Eval(`document.querySelector('[id^="x0-stack-"]').open + " " + scrollY`))
	require.Equal(t, "quartet: 2 executors", b.Eval(`document.title`), "no label has become markup")
	require.Equal(t, "0", b.Eval(`String(document.images.length)`))
	require.Equal(t, "true", b.Eval(`String(document.documentElement.outerHTML.length < 200000)`),
		"a label of 1 MiB is cut")
	require.Equal(t, "true", b.Eval(`String(document.body.textContent.includes(" controls"))`))
	require.Equal(t, "false",
		b.Eval(`String(/[\u0000-\u0008\u001b\u202a-\u202e\u2066-\u2069]/.test(document.body.textContent))`))
	require.Equal(t, "1", b.Eval(`String(document.querySelectorAll("#x0 .desk svg").length)`))

	b.Eval(`document.getElementById("live").checked = false; window.before = document.getElementById("x0"); ""`)
	b.Eval(`new Promise(done => setTimeout(done, 2500, ""))`)
	require.Equal(t, "true", b.Eval(`String(document.getElementById("x0") === window.before)`),
		"the reader has stopped it")

	pictures(t, b, "inspect")
}

// pictures draws the page for a phone and a desk, in both themes, and checks that it is not wider
// than the window.
func pictures(t *testing.T, b *browsertest.Page, name string) {
	t.Helper()
	for _, width := range []int{390, 1280} {
		for _, theme := range []string{"light", "dark"} {
			b.Resize(width, theme)
			// Not innerWidth, which grows with the page on a phone.
			require.Equal(t, "false", b.Eval(fmt.Sprintf(`String(document.documentElement.scrollWidth > %d)`, width)))
			b.Picture(fmt.Sprintf("%s-%d-%s.png", name, width, theme))
		}
	}
}
