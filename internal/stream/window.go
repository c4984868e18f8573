// Package stream says how far the writer of a stream may be ahead of its reader. Both ends of every
// executor, and of the process pool's protocol, use it.
package stream

// A writer waits when so many items, or so many bytes, have not been taken. One item may be larger.
const (
	// PROTOCOL.md promises both numbers, and the pool kills a worker that goes beyond them.
	Items = 64
	Bytes = 1 << 20
)

// Window is the writer's side: the items that its reader has not taken. The caller's lock guards
// it. Sizes are kept, since the reader tells numbers of items only.
type Window struct {
	sizes []int // the eldest first
	bytes int
}

// Add counts an item that goes to the reader.
func (w *Window) Add(size int) {
	w.sizes = append(w.sizes, size)
	w.bytes += size
}

// Full reports whether the writer has to wait.
func (w *Window) Full() bool { return len(w.sizes) >= Items || w.bytes >= Bytes }

// Taken counts n items off. It reports false where there are not so many. Then the other side has
// told nonsense, or something old.
func (w *Window) Taken(n int) bool {
	if n > len(w.sizes) {
		return false
	}
	for _, size := range w.sizes[:n] {
		w.bytes -= size
	}
	w.sizes = w.sizes[n:]
	return true
}

// Tally is the reader's side: the items that it has taken and not told the writer of. It tells of
// half a window at a time, so that neither side wakes the other for each item, and the writer of a
// full one never waits for a reader that waits, too.
type Tally struct{ items, bytes int }

// Take counts an item, and returns how many the writer is to be told of now.
func (t *Tally) Take(size int) (tell int) {
	t.items++
	t.bytes += size
	if t.items < Items/2 && t.bytes < Bytes/2 {
		return 0
	}
	tell = t.items
	*t = Tally{}
	return tell
}
