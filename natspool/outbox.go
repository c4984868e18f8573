package natspool

import (
	"sync"

	"github.com/nats-io/nats.go"
)

// outbox collects frames and sends those for one receiver in one message. Whoever flushes while
// another does leaves it to that one, so the more there is to say, the fewer messages it takes. Its
// lock is a leaf, like that of starter: push is called under the pool's and the node's.
type outbox struct {
	nc   *nats.Conn
	from string

	// mu guards the fields below. Letters are sent after it was released.
	mu       sync.Mutex
	letters  map[string]*letter
	flushing bool
}

// letter is the frames that wait to be sent to one subject.
type letter struct {
	pages  [][]byte // full ones
	page   []byte
	frames int
}

// pageSize is from what size on a message is not added to.
const pageSize = 64 << 10

func newOutbox(nc *nats.Conn, from string) *outbox {
	return &outbox{nc: nc, from: from, letters: make(map[string]*letter)}
}

// push adds a frame to the queue of subject, and returns how many wait there. It sends nothing,
// since callers may hold locks. A frame that does not fit begins a new page; pages of one letter
// are sent in order.
func (o *outbox) push(subject string, f frame) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	l := o.letters[subject]
	if l == nil {
		l = &letter{}
		o.letters[subject] = l
	}
	if len(l.page) > 0 && len(l.page)+len(f.body) > pageSize {
		l.pages, l.page = append(l.pages, l.page), nil
	}
	if l.page == nil {
		l.page = appendString(append(make([]byte, 0, 64+len(f.body)), version), o.from)
	}
	l.page = f.append(l.page)
	l.frames++
	return l.frames
}

// send pushes f and flushes.
func (o *outbox) send(subject string, f frame) {
	o.push(subject, f)
	o.flush()
}

// flush sends all that waits. What cannot be sent, since the connection is gone, is said again by
// heartbeats. A goroutine that flushes may send frames of others for a while; it ends when none are
// left.
func (o *outbox) flush() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.flushing {
		return
	}
	// One goroutine sends at a time, so that letters to one subject keep their order. It looks
	// again for frames that were pushed meanwhile.
	o.flushing = true
	for len(o.letters) > 0 {
		letters := o.letters
		o.letters = make(map[string]*letter)
		o.mu.Unlock()
		for subject, l := range letters {
			for _, page := range append(l.pages, l.page) {
				_ = o.nc.Publish(subject, page)
			}
		}
		o.mu.Lock()
	}
	o.flushing = false
}
