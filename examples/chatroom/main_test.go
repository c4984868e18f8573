//go:build !js

package main

import (
	"bufio"
	"context"
	"fmt"
	"hash/fnv"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/quartet-go/quartet/internal/browsertest"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(browsertest.Main{M: m}) }

// serve runs the room until the test ends, and returns where it is.
func serve(t *testing.T) (tcp, web string) {
	ctx, stop := context.WithCancel(t.Context())
	out, w := io.Pipe()
	ended := make(chan error, 1)
	go func() { ended <- run(ctx, w, "127.0.0.1:0", "127.0.0.1:0") }()
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	var host, port string
	_, err = fmt.Sscanf(line, "chat with nc %s %s or at %s\n", &host, &port, &web)
	require.NoError(t, err, line)
	t.Cleanup(func() {
		stop()
		require.NoError(t, <-ended)
	})
	return net.JoinHostPort(host, strings.TrimSuffix(port, ",")), web
}

// client is a member over TCP.
type client struct {
	net.Conn
	*bufio.Scanner
}

func dial(t *testing.T, addr, name string) client {
	conn, err := net.Dial("tcp", addr)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	_, err = fmt.Fprintln(conn, name)
	require.NoError(t, err)
	return client{conn, bufio.NewScanner(conn)}
}

func (c client) say(text string) error {
	_, err := fmt.Fprintln(c.Conn, text)
	return err
}

// Five hundred members get every line, in one order, while one of them never reads. A round begins
// when all the others have the round before, so that only the one that does not read is ever far
// behind.
func TestFiveHundredMembersAndASlowOne(t *testing.T) {
	const members, talkers, rounds = 500, 10, 10
	addr, _ := serve(t)
	slow := dial(t, addr, "slow")
	require.NoError(t, slow.Conn.(*net.TCPConn).SetReadBuffer(4<<10))

	all := make([]client, members)
	for i := range all {
		all[i] = dial(t, addr, fmt.Sprint("member", i))
		require.NoError(t, all[i].say("here"))
		for all[i].Scan() && all[i].Text() != fmt.Sprintf("member%d: here", i) { // then it has joined
		}
		require.NoError(t, all[i].Err())
	}
	padding := strings.Repeat(".", 2500)
	sums := make([]uint64, members)
	for round := range rounds {
		var wg sync.WaitGroup
		errs := make([]error, members)
		for i, c := range all {
			wg.Go(func() {
				if i < talkers {
					errs[i] = c.say(fmt.Sprintf("round %d %s", round, padding))
				}
				sum := fnv.New64a()
				for heard := 0; heard < talkers && errs[i] == nil; {
					if !c.Scan() {
						errs[i] = fmt.Errorf("member%d has lost its connection in round %d: %w", i, round, c.Err())
						return
					}
					if strings.Contains(c.Text(), fmt.Sprintf(": round %d ", round)) {
						heard++
						_, _ = io.WriteString(sum, c.Text())
					}
				}
				sums[i] = sums[i]*31 + sum.Sum64()
			})
		}
		wg.Wait()
		for _, err := range errs {
			require.NoError(t, err)
		}
	}
	for i := range sums {
		require.Equal(t, sums[0], sums[i], "member %d has heard another order than the first", i)
	}
	heard := 0
	require.NoError(t, slow.SetReadDeadline(time.Now().Add(10*time.Second))) // one that was not thrown out hears no end
	// what was on its way; then the connection has ended
	for slow.Scan() {
		if strings.Contains(slow.Text(), ": round ") {
			heard++
		}
	}
	require.NotErrorIs(t, slow.Err(), os.ErrDeadlineExceeded, "the slow one was not thrown out")
	require.Less(t, heard, talkers*rounds, "the slow one was not thrown out")
}

func TestAPageAndATCPClientTalk(t *testing.T) {
	tcp, web := serve(t)
	ada := dial(t, tcp, "ada")
	require.NoError(t, ada.say("hello"))
	require.True(t, ada.Scan())

	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	events, err := client.Get(web + "/events")
	require.NoError(t, err)
	defer events.Body.Close()
	lines := bufio.NewScanner(events.Body)
	next := func() string {
		for lines.Scan() {
			if lines.Text() != "" {
				return lines.Text()
			}
		}
		return fmt.Sprint("the events have ended: ", lines.Err())
	}
	require.Equal(t, "data: ada: hello", next(), "a newcomer gets the last lines")

	answer, err := client.PostForm(web+"/say", map[string][]string{"name": {"bob"}, "text": {"hi,\nada"}})
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	require.Equal(t, http.StatusOK, answer.StatusCode)
	require.Equal(t, "data: bob: hi, ada", next())
	require.True(t, ada.Scan())
	require.Equal(t, "bob: hi, ada", ada.Text())

	answer, err = client.PostForm(web+"/say", map[string][]string{"name": {"bob"}})
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	require.Equal(t, http.StatusBadRequest, answer.StatusCode)
}

func TestThePageInABrowser(t *testing.T) {
	tcp, web := serve(t)
	ada := dial(t, tcp, "ada")
	require.NoError(t, ada.say("hello <b>"))
	require.True(t, ada.Scan())

	page := browsertest.Open(t, web)
	page.Until(`lines.innerText.includes("ada: hello <b>")`)
	page.Eval(`document.getElementById("name").value = "bob"; text.value = "from the page"; document.querySelector("button").click()`)
	require.True(t, ada.Scan())
	require.Equal(t, "bob: from the page", ada.Text())
	page.Until(`lines.innerText.endsWith("bob: from the page") && text.value === ""`)
	require.NoError(t, ada.say("goodbye"))
	page.Until(`lines.lastChild.innerText === "ada: goodbye"`)
}

// A page whose reader does not read keeps a bounded number of lines, and is ended.
func TestAPageThatIsBehindKeepsFewLines(t *testing.T) {
	p := &page{}
	for range 10 * behind {
		p.send(strings.Repeat("x", longest))
	}
	require.LessOrEqual(t, len(p.lines), behind+1)
	_, err := p.next(t.Context())
	require.ErrorIs(t, err, errBehind)
}
