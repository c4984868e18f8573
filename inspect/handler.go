package inspect

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"path"
	"strings"
	"sync"
	"time"

	"github.com/quartet-go/quartet"
)

// lookedAt is how long after a request its observers stay on. It is longer than the page's own
// pause between two requests, so that an open page never switches them off.
const lookedAt = 15 * time.Second

// Page is an http.Handler that shows executors. Make it with [Handler]. Its methods may be called
// from any goroutine. subjects is set by Handler and read-only from then on.
type Page struct {
	subjects []*subject

	// mu guards off and until. It comes before subject.mu: switching observers on and off takes
	// both. Nothing else takes mu, so a slow executor holds up only requests that switch.
	mu    sync.Mutex
	off   *time.Timer // calls expire; nil: nobody looks
	until time.Time   // the observers stay on till then
}

// Handler returns a page of these executors, in this order; wrappers and views are shown as the
// executor behind them is. Two that share a name are told apart by a number. It panics on a nil
// executor.
//
// The path of a request decides by its last element: text, json and trace, and the page for
// anything else. So the handler works at any place of a mux, with or without http.StripPrefix. No
// observer is on when it returns. It keeps the executors alive as long as the page lives.
func Handler(executors ...quartet.Executor) *Page {
	p := &Page{}
	names := make(map[string]int)
	for i, ex := range executors {
		if ex == nil {
			panic(fmt.Sprintf("inspect: Handler: executor %d is nil", i))
		}
		s := newSubject(ex)
		if names[s.name]++; names[s.name] > 1 {
			s.name = fmt.Sprintf("%s #%d", s.name, names[s.name])
		}
		p.subjects = append(p.subjects, s)
	}
	return p
}

// Close switches the observers off. The page goes on working, and a later request switches them on
// again. A request that is being answered meanwhile may find no record any more. Close never
// fails; the error is there for io.Closer.
func (p *Page) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.off != nil {
		p.off.Stop()
		p.switchOffLocked()
	}
	return nil
}

// look switches the observers on, or keeps them on. The observers go off by a timer, and not at the
// end of the request: a page that reloads itself every second would otherwise have a new record
// each time.
//
// A request that finds the timer running only moves until; expire then sets the timer for the
// remainder.
//
// Every request looks, also one for the JSON: whoever asks twice wants rates.
func (p *Page) look() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.until = time.Now().Add(lookedAt)
	if p.off != nil {
		return
	}
	for _, s := range p.subjects {
		s.watch()
	}
	p.off = time.AfterFunc(lookedAt, p.expire)
}

// expire switches the observers off, unless somebody has looked meanwhile. The time decides and not
// the timer: that may fire just as somebody looks, and its call waits for the lock then. It runs on
// the timer's goroutine. A call that was under way when Close stopped the timer finds off nil; if a
// look has come in between, off is that look's timer, and until is in the future.
func (p *Page) expire() {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch left := time.Until(p.until); {
	case p.off == nil: // closed
	case left > 0:
		p.off.Reset(left)
	default:
		p.switchOffLocked()
	}
}

// switchOffLocked ends the looking. It takes the lock of each subject in turn.
func (p *Page) switchOffLocked() {
	p.off = nil
	for _, s := range p.subjects {
		s.unwatch()
	}
}

// Snapshot returns the state of all executors. It does not switch the observers on, so that its
// rates cover the time since the last look only while somebody looks. Stacks are read last and once
// for all executors, as reading them stops the program.
//
// It asks one executor after the other, so their numbers are of slightly different moments.
func (p *Page) Snapshot() Snapshot {
	now := time.Now()
	s := Snapshot{At: now}
	for _, sub := range p.subjects {
		s.Executors = append(s.Executors, sub.snapshot(now))
	}
	addStacks(&s)
	s.Findings = findings(s.Executors)
	return s
}

// ServeHTTP implements http.Handler. It answers GET and HEAD. Requests may run at the same time;
// only look takes the page's lock.
//
// The headers are those of a page that shows insides: nothing is cached, no type is guessed, no
// address is sent on.
func (p *Page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
		return
	}
	p.look()
	f := formatOf(r)
	// Written whole before the header is sent, so that an error can still have its status.
	var b bytes.Buffer
	if err := f.write(p, &b); err != nil {
		http.Error(w, "inspect: "+err.Error(), http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", f.contentType)
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Content-Security-Policy", policy)
	if f.file != "" {
		h.Set("Content-Disposition", `attachment; filename="`+f.file+`"`)
	}
	_, _ = b.WriteTo(w)
}

// format is a form of the data. write makes the whole body in b, and may fail before anything is
// sent.
type format struct {
	contentType string
	file        string // of a download
	write       func(p *Page, b *bytes.Buffer) error
}

// The last element of the path, or ?format=, names one of these. Anything else is the page.
var formats = map[string]format{
	"json":  {contentType: "application/json", write: (*Page).writeJSON},
	"text":  {contentType: "text/plain; charset=utf-8", write: (*Page).writeText},
	"trace": {contentType: "application/json", file: "quartet-trace.json", write: (*Page).writeTrace},
}

// It is not among formats: it answers to every other name.
var htmlFormat = format{contentType: "text/html; charset=utf-8", write: (*Page).writeHTML}

// formatOf looks at ?format= first, so that the forms can be had where a mux gives the handler one
// path only. A name that is not known gives the page, and no error: the handler may be mounted at
// any path.
func formatOf(r *http.Request) format {
	name := r.URL.Query().Get("format")
	if name == "" && !strings.HasSuffix(r.URL.Path, "/") {
		name = path.Base(r.URL.Path)
	}
	if f, ok := formats[name]; ok {
		return f
	}
	return htmlFormat
}

// writeJSON is for programs and people alike, so it is indented. All strings were cleaned by
// snapshot.
func (p *Page) writeJSON(b *bytes.Buffer) error {
	e := json.NewEncoder(b)
	e.SetIndent("", "  ")
	return e.Encode(p.Snapshot())
}

// writeTrace writes one trace of all executors, each with the name that the page gives it. It has
// the lanes, too, that the pictures leave out. A trace without events is a valid one: a script gets
// it before anybody has looked. Add keeps the executors apart by the names that recorder has given
// them.
func (p *Page) writeTrace(b *bytes.Buffer) error {
	now := time.Now()
	var all quartet.Timeline
	for _, s := range p.subjects {
		if record := s.recorded(); record != nil {
			all.Add(record.all(now))
		}
	}
	if all.Window(now.Add(-window), now).WriteChrome(b) != nil { // nothing is recorded
		b.WriteString(`{"traceEvents":[]}` + "\n")
	}
	return nil
}
