package natspool

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// askStream sends calls again that are in the stream no more, though no node has been allowed to
// start them: the server kept them in memory and was restarted, or somebody has removed them. It
// makes the stream where that is gone. It runs on a goroutine of its own, one at a time (asking),
// since it waits for the server.
func (p *Pool) askStream() {
	defer p.aside.Done()
	asked := time.Now()
	ctx, cancel := context.WithTimeout(context.Background(), setupTime)
	defer cancel()
	ends, err := p.streamEnds(ctx)
	var waiting []place
	var gone map[uint64]bool
	if err == nil {
		waiting = p.waitingSince(asked) // after the answer: else what has been granted meanwhile seems to be missing
		gone, err = p.goneOf(ctx, ends, waiting)
	}
	if err != nil && p.nc.IsConnected() {
		p.in.Logger().Warn("natspool: the stream does not answer", "pool", p.cfg.Name, "error", err)
	}
	var out todo
	p.in.Lock()
	p.asking = false
	var missing []*record
	for _, w := range waiting {
		if r := p.records[w.id]; r != nil && r.state == queued && r.seq == w.seq && !r.abandoned() && gone[w.seq] {
			missing = append(missing, r)
		}
	}
	p.missingLocked(missing, &out)
	p.in.Commit()
	p.do(&out)
}

// place is where a call is in the stream.
type place struct{ id, seq uint64 }

// waitingSince returns the calls that were sent before, and should be in the stream, the oldest
// first.
func (p *Pool) waitingSince(before time.Time) []place {
	p.in.Lock()
	defer p.in.Commit()
	var waiting []place
	for _, r := range p.records {
		if r.state == queued && r.sentAt.Before(before) {
			waiting = append(waiting, place{r.id, r.seq})
		}
	}
	slices.SortFunc(waiting, func(a, b place) int { return int(int64(a.seq - b.seq)) })
	return waiting
}

// lookAt is how many calls the stream is asked about one by one, at each beat.
const lookAt = 64

// goneOf returns which of the places are empty. Where the stream has fewer calls of this pool than
// it should have, it looks at the oldest of them one by one. The counts come first, for one
// request. Only if they do not add up are calls looked at one by one. Messages outside of the
// stream's ends are gone for certain, and cost no request.
func (p *Pool) goneOf(ctx context.Context, ends ends, waiting []place) (gone map[uint64]bool, err error) {
	gone = make(map[uint64]bool)
	var inside []place
	for _, w := range waiting {
		if w.seq < ends.first || w.seq > ends.last {
			gone[w.seq] = true
		} else {
			inside = append(inside, w)
		}
	}
	// All are there, as far as counting tells.
	if ends.mine >= len(inside) {
		return gone, nil
	}
	for _, w := range inside[:min(len(inside), lookAt)] {
		there, err := p.isThere(ctx, w.seq)
		if err != nil {
			return gone, err
		}
		gone[w.seq] = !there
	}
	return gone, nil
}

// ends describes the stream: the numbers of the oldest and of the newest message, and how many are
// this pool's.
type ends struct {
	first, last uint64
	mine        int
}

// streamEnds asks the stream, which it makes if it is gone.
func (p *Pool) streamEnds(ctx context.Context) (e ends, err error) {
	if err := p.setUp(ctx); err != nil {
		return e, err
	}
	var info struct {
		State struct {
			FirstSeq uint64         `json:"first_seq"`
			LastSeq  uint64         `json:"last_seq"`
			Subjects map[string]int `json:"subjects"`
		}
	}
	if err := p.api(ctx, "STREAM.INFO."+p.names.stream, `{"subjects_filter":"`+p.names.callsOf(p.id)+`"}`,
		&info); err != nil {
		return e, err
	}
	e.first, e.last = info.State.FirstSeq, info.State.LastSeq
	for _, n := range info.State.Subjects {
		e.mine += n
	}
	return e, nil
}

const noSuchMessage = 10037 // the server's code

// isThere reports whether that message is one of this pool's: a stream that was made anew has
// numbered others so.
func (p *Pool) isThere(ctx context.Context, seq uint64) (bool, error) {
	var got struct{ Message struct{ Subject string } }
	err := p.api(ctx, "STREAM.MSG.GET."+p.names.stream, `{"seq":`+strconv.FormatUint(seq, 10)+`}`, &got)
	if refused, ok := err.(*apiError); ok && refused.ErrCode == noSuchMessage {
		return false, nil
	}
	return strings.Contains(got.Message.Subject, "."+p.id+"."), err
}

// apiError is a refusal of JetStream's.
type apiError struct {
	ErrCode     int    `json:"err_code"`
	Description string `json:"description"`
}

func (e *apiError) Error() string { return fmt.Sprintf("natspool: %s (%d)", e.Description, e.ErrCode) }

// api asks JetStream what nats.go has no words for. The answer goes into v.
func (p *Pool) api(ctx context.Context, subject, body string, v any) error {
	msg, err := p.nc.RequestWithContext(ctx, "$JS.API."+subject, []byte(body))
	if err != nil {
		return err
	}
	var refused struct{ Error *apiError }
	if err := json.Unmarshal(msg.Data, &refused); err != nil {
		return err
	}
	if refused.Error != nil {
		return refused.Error
	}
	return json.Unmarshal(msg.Data, v)
}

// missingLocked sends a call again that is in the stream no more and was not granted: it has not
// started. A Detached pool that has been out of reach does not.
//
// The pool alone grants, so a call that is queued here, and in the stream no more, has not been
// started; a node that asks about an old copy is granted it or denied, as the record says then.
func (p *Pool) missingLocked(missing []*record, out *todo) {
	var again []*record
	for _, r := range missing {
		if !r.loose {
			again = append(again, r)
		} else if p.takeLocked(r, out) {
			p.endLocked(r, out, ending{err: p.lostError(r, &member{})})
		}
	}
	p.resendLocked(again, out)
}
