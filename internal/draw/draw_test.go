package draw_test

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet/internal/draw"
)

// lane returns a scene of one lane with spans of these lengths in seconds, one after the other.
func lane(looks []draw.Look, seconds ...float64) *draw.Scene {
	s := &draw.Scene{}
	for i, length := range seconds {
		from := s.Length
		s.Length += time.Duration(length * float64(time.Second))
		s.Spans = append(s.Spans,
			draw.Span{Lane: draw.Lane{Group: "pool"}, Task: 1, Look: looks[i], From: from, To: s.Length})
	}
	return s
}

func text(t *testing.T, s *draw.Scene, width int) []string {
	t.Helper()
	var b strings.Builder
	require.NoError(t, draw.Text(&b, s, width))
	return strings.Split(b.String(), "\n")
}

func TestAColumnShowsWhatTheLaneMostlyDoes(t *testing.T) {
	const run, wait, lock = draw.Run, draw.Waiting, draw.Locked
	for want, s := range map[string]*draw.Scene{
		"##":  lane([]draw.Look{run, run}, 1, 1),
		"#~":  lane([]draw.Look{run, wait}, 1, 1),
		"#+":  lane([]draw.Look{run, wait, run}, 1, 0.9, 0.1), // neither the sleep nor the run vanishes
		"##.": lane([]draw.Look{run, wait, lock}, 1.6, 0.5, 0.9),
		"+ ":  lane([]draw.Look{wait, run, draw.Queued}, 0.9, 0.1, 1),
		".~":  lane([]draw.Look{lock, wait}, 1, 1),
		".~+": lane([]draw.Look{lock, wait, lock, wait, draw.Holds}, 0.6, 0.4, 0.4, 1.5, 0.1),
		"c=":  lane([]draw.Look{draw.Holds, draw.Native}, 1, 1),
		"+~":  lane([]draw.Look{run, wait}, 0, 2), // a run of no length is still seen
	} {
		lines := text(t, s, len(want))
		for _, line := range lines {
			if strings.HasPrefix(line, "        pool   0") {
				require.Equal(t, "        pool   0 |"+want+"|", line)
			}
		}
	}
}

func TestAQueueHasALineOfItsOwn(t *testing.T) {
	s := &draw.Scene{Length: 10 * time.Second}
	for i := range 12 { // the tasks start one after the other, a second each
		at := time.Duration(max(0, i-2)) * time.Second
		s.Spans = append(s.Spans, draw.Span{Lane: draw.Lane{Group: "pool"}, Task: uint64(i), Look: draw.Queued, To: at})
	}
	require.Equal(t, "        pool   q |987654321 | queued, at most 9", text(t, s, 10)[0])
	s.Spans = append(s.Spans, s.Spans[11])
	require.Equal(t, "        pool   q |*98765432 | queued, at most 10", text(t, s, 10)[0])
}

func TestGroupsKeepTheirOrderWithTheirQueues(t *testing.T) {
	s := &draw.Scene{Length: 2 * time.Second}
	for _, group := range []string{"b", "a", "a name of more than thirty characters in all"} {
		l := draw.Lane{Group: group}
		s.Spans = append(s.Spans,
			draw.Span{Lane: l, Task: 1, Look: draw.Queued, To: time.Second},
			draw.Span{Lane: l, Task: 1, Look: draw.Run, From: time.Second, To: 2 * time.Second})
	}
	lines := text(t, s, 2)
	require.Equal(t, []string{
		"                             a   q |1 | queued, at most 1",
		"                             a   0 | #|",
		"a name of more than thirty ch…   q |1 | queued, at most 1",
		"a name of more than thirty ch…   0 | #|",
		"                             b   q |1 | queued, at most 1",
		"                             b   0 | #|",
	}, lines[:6])
}

func TestCleanLeavesNothingThatDrivesATerminal(t *testing.T) {
	for in, want := range map[string]string{
		"plain":                           "plain",
		"\x1b[31mred\a":                   "\ufffd[31mred\ufffd",
		"line\nbreak\r\ttab":              "line\ufffdbreak\ufffd\ufffdtab",
		"\u202edesrever":                  "\ufffddesrever",
		"c1 \u009b31m":                    "c1 \ufffd31m",
		"invalid \xff":                    "invalid \ufffd",
		"ünïcödé 漢字":                      "ünïcödé 漢字",
		strings.Repeat("x", 1_000_000):    strings.Repeat("x", draw.MaxText-1) + "…",
		strings.Repeat("x", draw.MaxText): strings.Repeat("x", draw.MaxText),
	} {
		require.Equal(t, want, draw.Clean(in))
	}
}

// hostile is a scene in which every text is long and full of control characters and markup.
func hostile() *draw.Scene {
	bad := "<script>alert(1)</script>\x1b[2J\u202e\x00" + strings.Repeat("long", 1_000_000)
	s := lane([]draw.Look{draw.Queued, draw.Run, draw.Locked, draw.Holds}, 1, 1, 1, 1)
	for i := range s.Spans {
		s.Spans[i].Label, s.Spans[i].Lane.Group = bad, bad
	}
	l := s.Spans[0].Lane
	s.Marks = []draw.Mark{
		{Kind: draw.Lost, Name: bad, Lane: l, Peer: 1},
		{Kind: draw.Forced, Name: bad, Lane: l, Peer: 1},
		{Name: bad, Lane: l},
	}
	s.Remarks = []draw.Remark{{Lane: l, To: time.Second, Text: bad}}
	return s
}

func TestPicturesBoundAndCleanTheirTexts(t *testing.T) {
	for name, write := range map[string]func(b *strings.Builder) error{
		"text":   func(b *strings.Builder) error { return draw.Text(b, hostile(), 80) },
		"svg":    func(b *strings.Builder) error { return draw.SVG(b, hostile(), 0) },
		"chrome": func(b *strings.Builder) error { return draw.Chrome(b, hostile()) },
	} {
		var b strings.Builder
		require.NoError(t, write(&b), name)
		require.Less(t, b.Len(), 30_000, name)
		require.NotContains(t, b.String(), "\x1b", name)
		require.NotContains(t, b.String(), "\u202e", name)
		require.NotContains(t, b.String(), `\u001b`, name)
		if name != "text" {
			require.NotContains(t, b.String(), "<script", name)
		}
		if name == "chrome" {
			require.True(t, json.Valid([]byte(b.String())))
		}
	}
}

// Several pictures in one page: no two share an id, and each refers to its own.
func TestPicturesOfOnePageDoNotShareIDs(t *testing.T) {
	seen := make(map[string]bool)
	for _, s := range []*draw.Scene{lane([]draw.Look{draw.Locked}, 1), lane([]draw.Look{draw.Run, draw.Locked}, 1, 2)} {
		var b strings.Builder
		require.NoError(t, draw.SVG(&b, s, 0))
		ids := make(map[string]bool)
		for _, m := range regexp.MustCompile(`id="([^"]+)"`).FindAllStringSubmatch(b.String(), -1) {
			require.False(t, seen[m[1]], m[1])
			seen[m[1]], ids[m[1]] = true, true
		}
		require.Len(t, ids, 2, "of the picture and of its pattern")
		for _, m := range regexp.MustCompile(`#(q[0-9a-f]+(?:-hatch)?)[ )]`).FindAllStringSubmatch(b.String(), -1) {
			require.True(t, ids[m[1]], m[1])
		}
		require.Contains(t, b.String(), ":where(:root[data-theme=dark]) .q-page{fill:#16181c}")
	}
}

// QUARTET_SVG names a file for the picture, to look at it.
func TestSVGOfAQueue(t *testing.T) {
	s := &draw.Scene{Length: 12 * time.Second}
	for i := range 12 {
		at, l := time.Duration(i/2)*2*time.Second, draw.Lane{Group: "pool", Number: i % 2}
		s.Spans = append(s.Spans,
			draw.Span{Lane: l, Task: uint64(i + 1), Look: draw.Queued, To: at},
			draw.Span{Lane: l, Task: uint64(i + 1), Look: draw.Run, From: at, To: at + 2*time.Second})
	}
	var b strings.Builder
	require.NoError(t, draw.SVG(&b, s, 0))
	require.Contains(t, b.String(), "pool: at most 10 queued at once")
	require.Contains(t, b.String(), ">queue (max 10)<")
	if file := os.Getenv("QUARTET_SVG"); file != "" {
		require.NoError(t, os.WriteFile(file, []byte(b.String()), 0o600))
	}
}

// The axis has at most eight steps, whatever the length.
func TestTheAxisHasFewSteps(t *testing.T) {
	for hours := 1; hours < 1000; hours += 31 {
		s := lane([]draw.Look{draw.Run}, float64(hours)*3600)
		var b strings.Builder
		require.NoError(t, draw.SVG(&b, s, 0))
		require.LessOrEqual(t, strings.Count(b.String(), `class="q-grid"`), 8+1, "%d hours", hours)
	}
}
