package natspool

import (
	"encoding/binary"
	"encoding/json"
	"sync/atomic"
	"time"

	"github.com/quartet-go/quartet"
)

// nodeBeat is a node's report of itself at every Heartbeat. Its details are JSON, which a pool
// reads only if somebody asks for them, or the node is new. A field that is added to the fixed ones
// needs another version; the details may grow.
type nodeBeat struct {
	id       string
	class    string
	slots    int
	draining bool
	gone     bool // it has ended in order
	details  []byte
}

// nodeDetails is the rest.
type nodeDetails struct {
	Host      string
	PID       int
	Functions []string
	Running   int
	Waiting   int
	Stats     quartet.Stats
}

// append puts the fixed fields first, so that a pool can look at them without reading JSON.
func (b *nodeBeat) append(dst []byte, d *nodeDetails) []byte {
	details, err := json.Marshal(d)
	if err != nil {
		panic(err) // plain fields
	}
	dst = append(dst, version, flagIf(b.draining, 1)|flagIf(b.gone, 2))
	dst = appendString(appendString(dst, b.id), b.class)
	dst = binary.AppendUvarint(dst, uint64(b.slots))
	return append(dst, details...)
}

func parseNodeBeat(data []byte) (b nodeBeat, err error) {
	r := begin(data)
	flags := r.byte()
	b = nodeBeat{draining: flags&1 != 0, gone: flags&2 != 0, id: r.string(), class: r.string(), slots: int(r.uvarint())}
	b.details = r.rest
	return b, r.err
}

func (b *nodeBeat) read() (d nodeDetails) {
	_ = json.Unmarshal(b.details, &d) // another version's fields stay zero
	return d
}

// member is a node as a pool sees it. It is made by its first sign, be that a question about a
// call: then its functions are not known yet.
type member struct {
	beat      nodeBeat
	host      string
	pid       int
	functions map[string]bool
	heardAt   time.Time
	lane      int  // the smallest free number, for events
	known     bool // a beat has been heard, and not only a question
}

// members are the nodes that a pool has heard within LostAfter.
type members struct {
	byID  map[string]*member
	lanes []bool // taken

	// Counts for the node whose own pool this is. It reads them under its own lock, and takes no
	// other there.
	classes atomic.Int32 // of nodes that take calls
	serving atomic.Int32 // nodes that do
}

// meetLocked returns the member of that ID, which has just been heard.
func (m *members) meetLocked(id string, now time.Time) *member {
	n := m.byID[id]
	if n == nil {
		n = &member{beat: nodeBeat{id: id}, lane: m.lane()}
		m.byID[id] = n
	}
	n.heardAt = now
	return n
}

// lane is the smallest number that no member has.
func (m *members) lane() int {
	for i, taken := range m.lanes {
		if !taken {
			m.lanes[i] = true
			return i
		}
	}
	m.lanes = append(m.lanes, true)
	return len(m.lanes) - 1
}

// hearLocked takes a beat in. It reports whether the member may run something that it did not run
// before.
func (m *members) hearLocked(b nodeBeat, now time.Time) (n *member, news bool) {
	n = m.meetLocked(b.id, now)
	news = !n.known || n.beat.class != b.class
	if news {
		d := b.read()
		n.host, n.pid = d.Host, d.PID
		n.functions = make(map[string]bool, len(d.Functions))
		for _, f := range d.Functions {
			n.functions[f] = true
		}
	}
	changed := news || n.beat.draining != b.draining
	n.beat, n.known = b, true
	if changed {
		m.countLocked()
	}
	return n, news
}

// forgetLocked frees the member's lane for the next one. A member that was met anew under the same
// ID stays.
func (m *members) forgetLocked(n *member) {
	if m.byID[n.beat.id] == n {
		delete(m.byID, n.beat.id)
		m.lanes[n.lane] = false
		m.countLocked()
	}
}

// countLocked counts anew after a change. There are few members, and they change rarely.
func (m *members) countLocked() {
	classes, nodes := map[string]bool{}, int32(0)
	for _, n := range m.byID {
		if n.known && !n.beat.draining {
			classes[n.beat.class] = true
			nodes++
		}
	}
	m.classes.Store(int32(len(classes)))
	m.serving.Store(nodes)
}

// silentLocked returns the members that have not been heard since.
func (m *members) silentLocked(since time.Time) []*member {
	var silent []*member
	for _, n := range m.byID {
		if n.heardAt.Before(since) {
			silent = append(silent, n)
		}
	}
	return silent
}

// classesLocked returns the number of slots of each class of nodes, and one node of each class.
func (m *members) classesLocked() (slots map[string]int, example map[string]*member) {
	slots, example = map[string]int{}, map[string]*member{}
	for _, n := range m.byID {
		if n.known && !n.beat.draining {
			slots[n.beat.class] += n.beat.slots
			example[n.beat.class] = n
		}
	}
	return slots, example
}
