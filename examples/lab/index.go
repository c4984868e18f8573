package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html/template"
	"time"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/examples/lab/internal/model"
)

// likes says what each model is like in other houses.
var likes = map[string]string{
	"loop":      "one event loop: Node, asyncio, quartet's eventloop",
	"pool":      "threads without a lock: Go, Java, quartet's workerpool",
	"processes": "one process per core, each with a lock of its own: multiprocessing, prefork servers, quartet's procpool",
	"lock":      "threads under one global lock: CPython, quartet's gil",
}

// addIndex adds the page itself. It has the first station's answers in it, so that the first
// picture need not wait for the models.
func (s site) addIndex() error {
	t, err := template.ParseFS(page, "page/index.html")
	if err != nil {
		return err
	}
	first := make([]json.RawMessage, len(model.Models))
	for i, m := range model.Models {
		if first[i], err = answerTo(model.Question{
			Do: "run", Model: m,
			Settings: model.Stations[0].Settings,
		}); err != nil {
			return err
		}
	}
	var b bytes.Buffer
	err = t.Execute(&b, map[string]any{
		"Stations": model.Stations, "Models": model.Models, "Likes": likes, "Verbs": model.Verbs,
		"Bounds": model.Bounds, "Lasts": int64(model.Lasts), "First": first, "Queues": model.Queues,
	})
	s["index.html"] = b.Bytes()
	return err
}

// answerTo asks the model as the page does.
func answerTo(q model.Question) (json.RawMessage, error) {
	question, err := json.Marshal(q)
	if err != nil {
		return nil, err
	}
	var r struct {
		Answer json.RawMessage
		Error  string
	}
	if err := json.Unmarshal(model.Call(question), &r); err != nil {
		return nil, err
	}
	if r.Error != "" {
		return nil, fmt.Errorf("%s of %s: %s", q.Do, q.Model, r.Error)
	}
	return r.Answer, nil
}

// addPictures adds a picture of each model at each station, for readers without script.
func (s site) addPictures() error {
	for _, st := range model.Stations {
		for _, m := range model.Models {
			a, err := model.Run(m, st.Settings)
			if err != nil {
				return err
			}
			var b bytes.Buffer
			if err := timeline(a).WriteSVG(&b, 900); err != nil {
				return fmt.Errorf("%s, %s: %w", st.Name, m, err)
			}
			s[st.Name+"-"+m+".svg"] = b.Bytes()
		}
	}
	return nil
}

// timeline is the scene as steps of tasks: each span is a task of its own, which begins and ends.
func timeline(a model.Answer) *quartet.Timeline {
	t := &quartet.Timeline{}
	at := func(ns int64) time.Time { return time.Unix(0, ns) }
	for i, sp := range a.Scene.Spans {
		e := quartet.Event{
			Kind: quartet.EventStarted, Executor: a.Model, Lane: int(sp[0]), Task: uint64(i + 1),
			Label: nameOf(sp[5]), At: at(sp[1]),
		}
		switch model.Look(sp[3]) {
		case model.Holds:
			e.Detail = quartet.DetailHolds
		case model.Native:
			e.Detail = quartet.DetailNative
		case model.Wants:
			e.Kind, e.Detail = quartet.EventSuspended, quartet.DetailLock
		case model.Waits:
			e.Kind = quartet.EventSuspended
		}
		t.Observe(e)
		e.Kind, e.At = quartet.EventEnded, at(sp[2])
		t.Observe(e)
	}
	return t
}

// nameOf names a request, or a job.
func nameOf(id int64) string {
	if id < 0 {
		return "the job"
	}
	return fmt.Sprintf("request %d", id)
}
