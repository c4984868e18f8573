package model

import "time"

// Station is a lesson: settings, a question, and the sentence that says why.
type Station struct {
	Name     string   `json:"name"`
	Title    string   `json:"title"`
	Story    string   `json:"story"`
	Settings Settings `json:"settings"`
	Ask      string   `json:"ask"`
	Options  []Option `json:"options"`
	Why      string   `json:"why"`
	Try      string   `json:"try"`
	judge    judge
}

// Option is a guess.
type Option struct {
	Text   string `json:"text"`
	models string // it is right if these are the models that do it
	below  int64  // it is right if the figure is below, and not below the option before
}

const (
	us = time.Microsecond
	ms = time.Millisecond
)

// base has what the stations have in common.
func base(rate int, script ...Step) Settings {
	return Settings{
		Script: script, Threads: 8, Cores: 2, Interval: 5 * ms, Rate: rate, Pieces: 1, Rule: 50 * ms, Seed: 1,
		From: 500 * ms, Span: 100 * ms,
	}
}

// Stations are the six, in the order in which a learner takes them.
var Stations = []Station{wait(), knee(), pings(), convoy(), lost(), pieces()}

func wait() Station {
	s := base(300, Step{Compute, 200 * us}, Step{Block, 50 * ms})
	s.Rule = 100 * ms
	return Station{
		Name: "wait", Title: "A wait", Settings: s,
		Story: "A request hardly computes. It waits 50 ms for a database, and 300 of them arrive in a second: " +
			"15 wait at any time.",
		Ask: "Which models answer 99 of 100 requests within 100 ms?",
		Options: []Option{
			{Text: "only the loop", models: "loop"},
			{Text: "only the pool", models: "pool"},
			{Text: "the pool and the lock, with their 8 threads", models: "pool lock"},
			{Text: "all four", models: "loop pool processes lock"},
		},
		judge: keepers,
		Why: "On a loop a request that waits needs no thread. In the pool and under the lock it keeps one: 8 threads that " +
			"each wait 50 ms answer 160 requests a second, and it does not matter who has the lock. Processes are fewer still.",
		Try: "Drag the threads to 24. Who keeps the rule now, and who cannot?",
	}
}

func knee() Station {
	s := base(300, Step{Compute, 1200 * us}, Step{Release, 800 * us}, Step{Block, 8 * ms})
	s.Threads, s.Cores = 16, 4
	return Station{
		Name: "knee", Title: "The knee", Settings: s,
		Story: "A request computes 2 ms, more than half of that under the lock, and waits 8 ms. 300 arrive in a second.",
		Ask: "The loop computes for 0.6 of each second. From which rate on does it break the rule, that 99 of 100 " +
			"requests take at most 50 ms?",
		Options: []Option{
			{Text: "below 300 a second", below: 300},
			{Text: "from 300 to 480", below: 480},
			{Text: "from 480 to 1000", below: 1000},
			{Text: "above 1000", below: most},
		},
		judge: kneeOfLoop,
		Why: "A loop has one second of computing in a second: 500 requests of 2 ms. The queue grows before that, since " +
			"requests do not come evenly. That bend is the knee.",
		Try: "Drag the share under the lock to 100 %. Whose knee moves, and to where?",
	}
}

func pings() Station {
	s := base(100, Step{Compute, 100 * us})
	s.Job, s.Rule, s.Span = 100*ms, 30*ms, 250*ms
	return Station{
		Name: "pings", Title: "CPU beside pings", Settings: s,
		Story: "A ping computes 0.1 ms. Beside the pings a job computes 100 ms, again and again.",
		Ask:   "How long do 99 of 100 pings take at most on the loop?",
		Options: []Option{
			{Text: "less than 1 ms", below: int64(ms)},
			{Text: "1 to 10 ms", below: int64(10 * ms)},
			{Text: "10 to 60 ms", below: int64(60 * ms)},
			{Text: "more than 60 ms", below: most},
		},
		judge: loopP99,
		Why: "A callback keeps the loop until it returns: a ping that comes at its beginning waits for all 100 ms. Under " +
			"the lock a ping waits a switch interval of 5 ms, and then the job must give the lock up. Pings that wait " +
			"together pay an interval each, one after the other.",
		Try: "Drag the switch interval to 20 ms. Who feels it?",
	}
}

func convoy() Station {
	var script []Step
	for range 10 {
		script = append(script, Step{Compute, 100 * us}, Step{Block, 500 * us})
	}
	s := base(20, script...)
	s.Job, s.Rule, s.Span = 400*ms, 30*ms, 120*ms
	return Station{
		Name: "convoy", Title: "The convoy", Settings: s,
		Story: "A request waits ten times for 0.5 ms, and computes 0.1 ms before each wait: 6 ms in all. " +
			"Beside it a job computes 400 ms, again and again.",
		Ask: "Under the lock, how long do half of these requests take at most (p50)?",
		Options: []Option{
			{Text: "6 to 10 ms", below: int64(10 * ms)},
			{Text: "10 to 25 ms", below: int64(25 * ms)},
			{Text: "25 to 45 ms", below: int64(45 * ms)},
			{Text: "more than 45 ms", below: most},
		},
		judge: lockP50,
		Why: "Each wait gives the lock away, and the job keeps it for a whole switch interval: ten waits " +
			"cost ten times 5 ms and more. On the loop each of them costs the rest of a callback of 400 ms.",
		Try: "Drag the switch interval to 1 ms. How long is it now?",
	}
}

func lost() Station {
	s := base(90, Step{Compute, 8 * ms})
	s.Rule = 100 * ms
	return Station{
		Name: "lost", Title: "The lost update", Settings: s,
		Story: "Each request reads n, computes for 8 ms, and writes n + 1. There is no mutex.",
		Ask:   "On which models are updates lost?",
		Options: []Option{
			{Text: "on none", models: ""},
			{Text: "only in the pool", models: "pool"},
			{Text: "in the pool and under the lock", models: "pool lock"},
			{Text: "in the pool, under the lock and on the loop", models: "loop pool lock"},
		},
		judge: losers,
		Why: "One thread at a time has the lock, but it may have to give it up between the read and the write. On a loop " +
			"nobody comes in between, as long as nothing there waits. Each process counts for itself.",
		Try: "Add a line: a sleep of 1 ms after the compute. What does the loop do now?",
	}
}

func pieces() Station {
	s := base(100, Step{Compute, 100 * us})
	s.Job, s.Pieces, s.Rule, s.Span = 100*ms, 20, 20*ms, 250*ms
	return Station{
		Name: "pieces", Title: "Cut into pieces", Settings: s,
		Story: "The same pings. The job of 100 ms beside them is cut into 20 pieces, with a sleep of 0 between them.",
		Ask:   "How long do 99 of 100 pings take at most on the loop now?",
		Options: []Option{
			{Text: "less than 1 ms", below: int64(ms)},
			{Text: "1 to 20 ms", below: int64(20 * ms)},
			{Text: "20 to 60 ms", below: int64(60 * ms)},
			{Text: "more than 60 ms", below: most},
		},
		judge: loopP99,
		Why: "A sleep of 0 lets the loop run what has come meanwhile: a ping waits for the rest of a piece of 5 ms. At " +
			"the job's beginning it may wait for two, since the timer of the sleep runs before the ping. The job takes hardly longer.",
		Try: "Drag the pieces to 5, of 20 ms each. Is the rule of 20 ms kept? From how many pieces on is it?",
	}
}
