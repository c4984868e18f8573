package quartet_test

import (
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"html"
	"io"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/workerpool"
)

// locked is what a global lock's scheduler tells of three threads: two compute in turn, the third
// is in a call that keeps the lock, and then in one that releases it.
func locked() *quartet.Timeline {
	t := &quartet.Timeline{}
	at := func(task uint64, label string, ms int, kind quartet.EventKind, detail string, peer uint64) {
		t.Observe(quartet.Event{
			Kind: kind, Executor: "gil", Lane: int(task) - 1, Task: task, Label: label, Detail: detail, Peer: peer,
			At: time.Unix(0, int64(ms)*int64(time.Millisecond)),
		})
	}
	at(1, "a<b>&\x00", 0, quartet.EventStarted, "", 0)
	at(2, "T2", 0, quartet.EventSuspended, "lock", 0)
	at(2, "T2", 5, quartet.EventNoted, "asks", 1)
	at(1, "a<b>&\x00", 5, quartet.EventSuspended, "lock", 0)
	at(2, "T2", 5, quartet.EventNoted, "forced", 1)
	at(2, "T2", 5, quartet.EventResumed, "", 0)
	at(3, "", 6, quartet.EventSuspended, "", 0)
	at(2, "T2", 10, quartet.EventEnded, "", 0)
	at(1, "a<b>&\x00", 10, quartet.EventNoted, "lost", 3)
	at(3, "", 10, quartet.EventResumed, "holds", 0)
	at(3, "", 15, quartet.EventResumed, "native", 0)
	at(1, "a<b>&\x00", 15, quartet.EventResumed, "", 0)
	at(1, "a<b>&\x00", 20, quartet.EventEnded, "", 0)
	at(3, "", 20, quartet.EventEnded, "", 0)
	t.Remark(quartet.Remark{
		Executor: "gil", Lane: 0, From: time.Unix(0, 5e6), To: time.Unix(0, 15e6),
		Text: "a<b> waited 10ms, 1 times",
	})
	t.Remark(quartet.Remark{
		Executor: "gil", Lane: 0, From: time.Unix(0, 6e6), To: time.Unix(0, 7e6),
		Text: "and so on",
	})
	t.Remark(quartet.Remark{
		Executor: "gil", Lane: 9, From: time.Unix(0, 6e6), To: time.Unix(0, 7e6),
		Text: "of a lane that is not there",
	})
	return t
}

// parts are the elements of a picture by their class, each as its x and width, or else its words.
func parts(t *testing.T, svg string) map[string][]string {
	parts := make(map[string][]string)
	d := xml.NewDecoder(strings.NewReader(svg))
	class := ""
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return parts
		}
		require.NoError(t, err)
		switch token := token.(type) {
		case xml.StartElement:
			at := make(map[string]string)
			for _, a := range token.Attr {
				at[a.Name.Local] = a.Value
			}
			class = at["class"]
			if token.Name.Local == "rect" && class != "" {
				parts[class] = append(parts[class], at["x"]+"+"+at["width"])
			}
			if token.Name.Local == "path" || token.Name.Local == "g" {
				parts[class] = append(parts[class], at["d"])
			}
			if token.Name.Local == "title" {
				class = "title"
			}
		case xml.CharData:
			if class != "" && strings.TrimSpace(string(token)) != "" {
				parts[class] = append(parts[class], string(token))
			}
		}
	}
}

func TestTimelineSVG(t *testing.T) {
	var svg strings.Builder
	require.NoError(t, locked().WriteSVG(&svg, 0))
	got := parts(t, svg.String())
	const legend = 1 // sample of each
	require.Equal(t, []string{"150+196.9", "347.5+196.9", "742.5+196.9"}, got["q-run"][:3])
	require.Len(t, got["q-run"], 3+legend)
	require.Equal(t, []string{"150+197.5", "347.5+395"}, got["q-locked"][:2])
	require.Equal(t, "545+197.5", got["q-holds"][0])
	require.Equal(t, "742.5+197.5", got["q-native"][0])
	require.Equal(t, "387+158", got["q-waits"][0])
	require.Equal(t, []string{"347.5+395", "387+39.5"}, got["q-band"])
	require.Equal(t, []string{"a<b> waited 10ms, 1 times", "and so on"}, got["q-tag"])
	require.Len(t, got["q-lost"], 1+legend)
	require.Len(t, got["q-forced"], 1+legend)
	require.Equal(t, []string{"a<b>&\ufffd", "T2", "gil 2"}, got["q-name"])
	require.Subset(t, got["title"], []string{
		"a<b>&\ufffd waits for the lock for 10ms, from 5ms",
		"task 3 runs in a call that keeps the lock for 5ms, from 10ms",
		"gil 0 had to drop the lock at 5ms", "woken for the lock, and found it taken, at 10ms",
	})
	require.Subset(t, got["q-dim"], []string{"0s", "5ms", "20ms", "waits for the lock", "lost race", "forced switch"})
}

// A picture for a phone has all that a wide one has, within its width: names that fit, fewer labels
// on the axis, and a legend of several lines.
func TestAnSVGIsAsWideAsAsked(t *testing.T) {
	timeline := locked()
	for width, want := range map[int]int{0: 960, 358: 358, 1: 320} {
		var svg strings.Builder
		require.NoError(t, timeline.WriteSVG(&svg, width))
		require.Contains(t, svg.String(), fmt.Sprintf(`viewBox="0 0 %d `, want))
		for _, m := range regexp.MustCompile(`<(?:rect|text) class="[^"]*"( text-anchor="[a-z]+")? x="([0-9.]+)" y="([0-9.]+)"(?: width="([0-9.]+)")?[^>]*>([^<]*)`).FindAllStringSubmatch(svg.String(), -1) {
			x, _ := strconv.ParseFloat(m[2], 64)
			wide, _ := strconv.ParseFloat(m[4], 64)
			letters := 6.2 * float64(len([]rune(html.UnescapeString(m[5]))))
			switch m[1] {
			case "":
				wide += letters
			case ` text-anchor="middle"`:
				wide = letters / 2
			case ` text-anchor="end"`:
				require.GreaterOrEqual(t, x, letters, m[5])
			}
			require.LessOrEqual(t, x+wide, float64(want), m[0])
		}
		require.Subset(t, parts(t, svg.String())["q-dim"],
			[]string{"0s", "20ms", "waits for the lock", "lost race", "forced switch"})
	}
}

// However much has happened, the picture has no more than its width holds.
func TestAnSVGHasABound(t *testing.T) {
	timeline := &quartet.Timeline{}
	const steps = 200_000
	for i := range steps {
		kind := quartet.EventResumed
		if i%2 == 1 {
			kind = quartet.EventSuspended
		}
		timeline.Observe(quartet.Event{
			Kind: kind, Executor: "gil", Task: 1, At: time.Unix(int64(i), 0),
			Detail: []string{"", "lock"}[i%2],
		})
		timeline.Observe(quartet.Event{
			Kind: quartet.EventNoted, Executor: "gil", Task: 1, At: time.Unix(int64(i), 0),
			Detail: "lost",
		})
	}
	var svg strings.Builder
	require.NoError(t, timeline.WriteSVG(&svg, 0))
	got := parts(t, svg.String())
	require.Greater(t, len(got["q-run"]), 1000)
	require.Less(t, len(got["q-run"]), 8000)
	require.Less(t, len(got["q-lost"]), 800)
	require.LessOrEqual(t, len(got["q-grid"]), 10)
}

func TestTimelineChromeOfALock(t *testing.T) {
	var b strings.Builder
	require.NoError(t, locked().WriteChrome(&b))
	var trace struct {
		TraceEvents []struct {
			Name, Cat, Ph, ID string
			TS, Dur           json.Number
			TID               int
			Args              map[string]any
		}
	}
	require.NoError(t, json.Unmarshal([]byte(b.String()), &trace))
	var got []string
	for _, e := range trace.TraceEvents {
		if e.Ph == "M" && e.Name != "thread_name" {
			continue
		}
		got = append(got,
			strings.TrimSpace(fmt.Sprintf("%s %s %s+%s @%d %v", e.Ph, e.Name, e.TS, e.Dur, e.TID, e.Args)))
	}
	const holder = 1 << 20
	require.Equal(t, []string{
		"M thread_name 0.000+ @0 map[name:gil 0 a<b>&\ufffd]", "M thread_name 0.000+ @1 map[name:gil 1 T2]",
		"M thread_name 0.000+ @2 map[name:gil 2]",
		"X a<b>&\ufffd 0.000+5000.000 @0 map[]", "X waits for the lock 0.000+5000.000 @1 map[]",
		"X waits for the lock 5000.000+10000.000 @0 map[]", "X T2 5000.000+5000.000 @1 map[]",
		"X waits 6000.000+4000.000 @2 map[]", "X call keeps the lock 10000.000+5000.000 @2 map[]",
		"X a<b>&\ufffd 15000.000+5000.000 @0 map[]", "X without the lock 15000.000+5000.000 @2 map[]",
		fmt.Sprintf("M thread_name 0.000+ @%d map[name:holder]", holder),
		fmt.Sprintf("X a<b>&\ufffd 0.000+5000.000 @%d map[]", holder),
		fmt.Sprintf("X T2 5000.000+5000.000 @%d map[]", holder),
		fmt.Sprintf("X task 3 10000.000+5000.000 @%d map[]", holder),
		fmt.Sprintf("X a<b>&\ufffd 15000.000+5000.000 @%d map[]", holder),
		"C lock 0.000+ @0 map[held:1 wanted:1]", "C lock 5000.000+ @0 map[held:1 wanted:1]",
		"C lock 10000.000+ @0 map[held:1 wanted:1]",
		"C lock 15000.000+ @0 map[held:1 wanted:0]", "C lock 20000.000+ @0 map[held:0 wanted:0]",
		"i asks 5000.000+ @1 map[of:gil 0]", "s forced 5000.000+ @0 map[]", "f forced 5000.000+ @1 map[]",
		"i lost 10000.000+ @0 map[of:gil 2]",
	}, got)
}

// A lock for each interpreter: two hold theirs at once, in two lanes.
func TestTimelineChromeOfTwoLocks(t *testing.T) {
	timeline := &quartet.Timeline{}
	for task := range uint64(3) {
		detail, kind := "", quartet.EventStarted
		if task == 2 {
			detail, kind = "lock", quartet.EventSuspended
		}
		timeline.Observe(quartet.Event{
			Kind: kind, Executor: "gil", Lane: int(task), Task: task + 1, Detail: detail,
			At: time.Unix(0, 0),
		})
		timeline.Observe(quartet.Event{
			Kind: quartet.EventEnded, Executor: "gil", Lane: int(task), Task: task + 1,
			At: time.Unix(1, 0),
		})
	}
	var b strings.Builder
	require.NoError(t, timeline.WriteChrome(&b))
	require.Contains(t, b.String(), `"holder of lock 2"`)
	require.Contains(t, b.String(), `"held":2,"wanted":1`)
}

func ExampleTimeline_WriteSVG() {
	timeline := &quartet.Timeline{}
	pool := workerpool.New(workerpool.Config{Workers: 1, Observer: timeline})
	_, _ = quartet.Do(quartet.Label(context.Background(), "greet"), pool, func(context.Context) (int, error) {
		time.Sleep(time.Microsecond)
		return 0, nil
	})
	_ = pool.Close()
	var page strings.Builder
	fmt.Fprintln(&page, "<!doctype html><title>One task</title>")
	fmt.Println(timeline.WriteSVG(&page, 0), strings.Contains(page.String(), "greet runs for"))
	// Output: <nil> true
}

func ExampleTimeline_WriteText() {
	timeline := &quartet.Timeline{}
	for i, kind := range []quartet.EventKind{
		quartet.EventStarted, quartet.EventSuspended, quartet.EventResumed,
		quartet.EventEnded,
	} {
		timeline.Observe(quartet.Event{
			Kind: kind, Executor: "mine", Task: 1, Label: "greet",
			At: time.Unix(int64(i), 0),
		})
	}
	timeline.Remark(quartet.Remark{
		Executor: "mine", From: time.Unix(1, 0), To: time.Unix(2, 0),
		Text: "greet waited for nobody",
	})
	_ = timeline.WriteText(os.Stdout, 30)
	// Output:
	//         mine   0 |##########~~~~~~~~~~##########| greet
	//                   0                            3s
	//                   1s–2s: greet waited for nobody
}

func ExampleTimeline_WriteChrome() {
	timeline := &quartet.Timeline{}
	for i, kind := range []quartet.EventKind{quartet.EventStarted, quartet.EventEnded} {
		timeline.Observe(quartet.Event{
			Kind: kind, Executor: "mine", Task: 1, Label: "greet",
			At: time.Unix(0, int64(i)*1500),
		})
	}
	_ = timeline.WriteChrome(os.Stdout) // to a file, for Perfetto
	// Output:
	// {"traceEvents":[{"name":"process_name","ph":"M","ts":0.000,"pid":1,"tid":0,"args":{"name":"mine"}},
	// {"name":"thread_name","ph":"M","ts":0.000,"pid":1,"tid":0,"args":{"name":"mine 0 greet"}},
	// {"name":"thread_sort_index","ph":"M","ts":0.000,"pid":1,"tid":0,"args":{"sort_index":1}},
	// {"name":"greet","ph":"X","ts":0.000,"dur":1.500,"pid":1,"tid":0}],"displayTimeUnit":"ns"}
}
