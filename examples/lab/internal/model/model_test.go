package model_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/quartet-go/quartet/examples/lab/internal/model"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const ms = time.Millisecond

// settings are those of a service that computes 2 ms and waits 8 ms.
func settings(script ...model.Step) model.Settings {
	if len(script) == 0 {
		script = []model.Step{
			{Do: model.Compute, For: 1200 * time.Microsecond},
			{Do: model.Release, For: 800 * time.Microsecond},
			{Do: model.Block, For: 8 * ms},
		}
	}
	return model.Settings{
		Script: script, Threads: 8, Cores: 4, Interval: 5 * ms, Rate: 300, Pieces: 1, Rule: 50 * ms, Seed: 1,
		From: 500 * ms, Span: 80 * ms,
	}
}

func run(t *testing.T, name string, s model.Settings) model.Answer {
	t.Helper()
	a, err := model.Run(name, s)
	require.NoError(t, err)
	return a
}

// A thread that waits for a core keeps none busy.
func TestCoresAreThoseThatCompute(t *testing.T) {
	s := settings(model.Step{Do: model.Compute, For: 8 * ms})
	s.Rate, s.Cores = 90, 2
	for _, m := range model.Models {
		a := run(t, m, s)
		require.InDelta(t, a.Answered*8*100/2000, a.Cores, 4, m)
	}
	s.Rate = 400 // 3.2 cores' work
	require.Less(t, run(t, "pool", s).Cores, 201)
	require.Greater(t, run(t, "pool", s).Cores, 190)
}

// A rate of which hardly a request arrives in the time of a run says nothing of 99 of 100.
func TestRatesHaveRequests(t *testing.T) {
	s := settings()
	s.Rate = 20
	require.Equal(t, []int{11, 14, 17, 20, 24, 29, 35, 42}, s.Rates())
	s.Rate = 3
	require.Equal(t, []int{3}, s.Rates(), "the present rate is always there")
}

func TestTheSameSeedIsTheSameRun(t *testing.T) {
	for _, m := range model.Models {
		s := settings()
		require.Equal(t, run(t, m, s), run(t, m, s), m)
		other := s
		other.Seed++
		require.NotEqual(t, run(t, m, s), run(t, m, other), m)
	}
}

// All models get the same requests, at the same times, and each request's looks add up to its time.
func TestTheSameRequestsArriveEverywhere(t *testing.T) {
	s := settings()
	s.Job = 20 * ms
	for id := 1; id < 500; id += 50 {
		all, err := model.Where(s, id)
		require.NoError(t, err)
		for i, r := range all {
			require.Equal(t, id, r.ID)
			require.Equal(t, all[0].Arrived, r.Arrived, model.Models[i])
			var sum time.Duration
			for _, d := range r.Looks {
				sum += d
			}
			require.Equal(t, r.Took, sum, model.Models[i])
		}
	}
	_, err := model.Where(s, 100_000)
	require.EqualError(t, err, "lab: no request has the number 100000")
}

// A request spends on each verb what the script says, and a machine's overhead of some percent. Few
// requests answer, and after one of the waits a thread may wait for the kernel's tick of 4 ms.
func TestVerbsTakeTheirTime(t *testing.T) {
	for _, m := range model.Models {
		s := settings(
			model.Step{Do: model.Compute, For: 2 * ms}, model.Step{Do: model.Hold, For: 3 * ms},
			model.Step{Do: model.Release, For: 4 * ms}, model.Step{Do: model.Sleep, For: 5 * ms},
			model.Step{Do: model.Await, For: 6 * ms}, model.Step{Do: model.Block, For: 7 * ms})
		s.Rate = 5 // nobody is in the way
		s.From, s.Span = 0, 2*time.Second
		answered, spent := 0.0, map[model.Look]float64{} // in milliseconds
		for _, r := range run(t, m, s).Scene.Requests {
			if !r.Done {
				continue
			}
			answered++
			for look, d := range r.Looks {
				spent[model.Look(look)] += d.Seconds() * 1000
			}
		}
		require.Positive(t, answered, m)
		require.InDelta(t, 2, spent[model.Runs]/answered, 0.3, m)
		require.InDelta(t, 3, spent[model.Holds]/answered, 0.3, m)
		require.InDelta(t, 4, spent[model.Native]/answered, 0.3, m)
		require.InDelta(t, 18, spent[model.Waits]/answered, 2, m)
	}
}

// Who awaits gives its slot of the pool away; who sleeps or blocks keeps it.
func TestAnAwaitLendsThePoolsSlot(t *testing.T) {
	rounds := func(verb model.Verb) int {
		s := settings(model.Step{Do: model.Compute, For: ms / 10}, model.Step{Do: verb, For: 50 * ms})
		return run(t, "pool", s).Answered
	}
	require.Less(t, rounds(model.Sleep), 330) // 8 slots, 50 ms: 160 a second
	require.Less(t, rounds(model.Block), 330)
	require.Greater(t, rounds(model.Await), 560)
}

// In the lock's lanes one request at a time is in its own code; in the pool's, as many as there are
// cores for.
func TestOneHasTheLock(t *testing.T) {
	atOnce := func(name string) (most int) {
		s := settings(model.Step{Do: model.Compute, For: 2 * ms}, model.Step{Do: model.Sleep, For: ms})
		s.Rate, s.From, s.Span = 450, 0, 2*time.Second
		spans := run(t, name, s).Scene.Spans
		for _, a := range spans {
			n := 0
			for _, b := range spans {
				if model.Look(a[3]) == model.Runs && model.Look(b[3]) == model.Runs && b[1] <= a[1] && a[1] < b[2] {
					n++
				}
			}
			most = max(most, n)
		}
		return most
	}
	require.Equal(t, 1, atOnce("lock"))
	require.Equal(t, 1, atOnce("loop"))
	require.Greater(t, atOnce("pool"), 2)
	require.Greater(t, atOnce("processes"), 2)
}

// With one thread, and no job beside, the lock of a request is free: nothing is lost. On a loop
// updates are lost only over a wait.
func TestLostUpdates(t *testing.T) {
	s := settings(model.Step{Do: model.Compute, For: 8 * ms})
	s.Rate, s.Threads = 90, 1
	for _, m := range model.Models {
		require.Zero(t, run(t, m, s).Lost, m)
	}
	s.Script = append(s.Script, model.Step{Do: model.Sleep, For: 5 * ms})
	require.Positive(t, run(t, "loop", s).Lost)
	require.Zero(t, run(t, "processes", s).Lost, "each process has its own")
}

// A wait that is over is no wait, also when the loop has not come to it before the end.
func TestALoopThatIsLateIsWaitedFor(t *testing.T) {
	s := settings(model.Step{Do: model.Compute, For: ms}, model.Step{Do: model.Sleep, For: 5 * ms})
	s.Job, s.From, s.Span = 900*ms, 0, model.Lasts
	for _, r := range run(t, "loop", s).Scene.Requests {
		require.LessOrEqual(t, r.Looks[model.Waits], 5*ms)
	}
}

// A service that falls behind does not look fast: requests without an answer count with their age.
func TestWhatIsNotAnsweredCounts(t *testing.T) {
	s := settings(model.Step{Do: model.Compute, For: 20 * ms})
	for _, m := range []string{"loop", "lock"} {
		a := run(t, m, s)
		require.Less(t, a.Answered, a.Offered/3)
		require.Greater(t, a.P99, time.Second, m)
		require.True(t, a.P50AtLeast && a.P99AtLeast, m)
		require.False(t, a.Keeps, m)
	}
}

// The stations' own settings bring about what the stations say.
func TestTheStationsHoldForAnySeed(t *testing.T) {
	right := map[string]int{"wait": 0, "knee": 1, "pings": 3, "convoy": 3, "lost": 2, "pieces": 1}
	for _, st := range model.Stations {
		for seed := range uint64(5) {
			s := st.Settings
			s.Seed = seed + 1
			v, err := model.Judge(st.Name, s)
			require.NoError(t, err)
			require.Equal(t, right[st.Name], v.Right, "%s, seed %d: %s", st.Name, s.Seed, v.Says)
		}
	}
	_, err := model.Judge("nowhere", settings())
	require.EqualError(t, err, `lab: no station is called "nowhere"`)
}

// Anybody writes addresses: a number out of bounds is named, and nothing hangs or crashes.
func TestBadQuestions(t *testing.T) {
	for _, change := range []func(*model.Settings){
		func(s *model.Settings) { s.Script = nil },
		func(s *model.Settings) { s.Script = make([]model.Step, 1000) },
		func(s *model.Settings) { s.Script[0].Do = "<script>" },
		func(s *model.Settings) { s.Script[0].For = -1 },
		func(s *model.Settings) { s.Script[0].For = time.Hour },
		func(s *model.Settings) { s.Script = []model.Step{{Do: model.Compute}} },
		func(s *model.Settings) { s.Threads = 0 },
		func(s *model.Settings) { s.Cores = 1 << 30 },
		func(s *model.Settings) { s.Interval = 0 },
		func(s *model.Settings) { s.Rate = 1 << 30 },
		func(s *model.Settings) { s.Job = 1 },
		func(s *model.Settings) { s.Pieces = 0 },
		func(s *model.Settings) { s.Rule = 0 },
		func(s *model.Settings) { s.From = -1 },
		func(s *model.Settings) { s.Span = 0 },
	} {
		s := settings()
		change(&s)
		for _, do := range []string{"run", "knee", "rates", "where", "judge", "go"} {
			question, err := json.Marshal(model.Question{
				Do: do, Model: "loop", Station: "wait", Rate: s.Rate, ID: 1,
				Settings: s,
			})
			require.NoError(t, err)
			require.Contains(t, string(model.Call(question)), `"error":"lab: `, do)
		}
	}
	for _, question := range []string{"", "{", `{"do":"dance"}`, `{"do":"steps","program":"main"}`} {
		require.Contains(t, string(model.Call([]byte(question))), `"error":`)
	}
	_, err := model.Run("abacus", settings())
	require.EqualError(t, err, `lab: no model is called "abacus"`)
}

func ExampleRun() {
	s := model.Settings{
		Script:  []model.Step{{Do: model.Compute, For: ms}, {Do: model.Sleep, For: 20 * ms}},
		Threads: 4, Cores: 2, Interval: 5 * ms, Rate: 250, Pieces: 1, Rule: 50 * ms, Seed: 1, Span: 100 * ms,
	}
	for _, m := range model.Models {
		a, err := model.Run(m, s)
		fmt.Println(m, a.Answered, "of", a.Offered, model.Millis(a.P50), a.Keeps, err)
	}
	// Output:
	// loop 498 of 505 21.0 ms true <nil>
	// pool 369 of 505 297 ms false <nil>
	// processes 186 of 505 654 ms false <nil>
	// lock 369 of 505 298 ms false <nil>
}
