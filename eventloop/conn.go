package eventloop

import (
	"errors"
	"net"
	"sync"
	"time"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/internal/intake"
)

// ErrSlowReader ends a connection, or refuses a write, when the other side does not read what it is sent: see
// [SlowReader].
var ErrSlowReader = errors.New("eventloop: the other side reads too slowly")

// SlowReader says what Write does above the high-water mark. The system's own buffers come first, up to some MiB: where a
// slow reader is to be noticed soon, make them small by SetWriteBuffer of [Conn.NetConn].
type SlowReader uint8

const (
	// SlowWait queues the write all the same (as Node does): whoever writes is to wait for OnDrain, or to use WriteWait.
	SlowWait SlowReader = iota
	// SlowDrop refuses a write that would go above the mark, with [ErrSlowReader]: for what the next message makes obsolete.
	SlowDrop
	// SlowClose ends the connection with [ErrSlowReader].
	SlowClose
)

// ConnConfig is the configuration of connections. The zero value is useful.
type ConnConfig struct {
	// ReadBuffer is the size of the buffers that the loop's connections read into, in bytes. A connection that has nothing
	// to read holds none where the system allows it. Default: 16 KiB. It is the loop's: Configure does not change it.
	ReadBuffer int
	// HighWater is how many bytes may wait to be sent before the connection is full. Default: 64 KiB.
	HighWater int
	// LowWater is down to how many they must fall before it has drained. Default: a quarter of HighWater.
	LowWater int
	// SlowReader is what Write does above HighWater. Default: SlowWait.
	SlowReader SlowReader
	// CloseTimeout bounds how long Close waits for the other side to take what is still to be sent. Default: 5 s.
	CloseTimeout time.Duration
}

// readAhead is how many buffers a connection reads that nobody has taken yet.
const readAhead = 4

// Conn is a connection whose callbacks run on the loop. Its methods may be called from any goroutine, and none of them
// blocks the loop; Read and WriteWait suspend the task that calls them. It works with any [net.Conn]; TCP and Unix sockets
// are read without holding a buffer while idle, and written at once where the kernel has room.
//
// A connection keeps Run from returning, and Shutdown waiting, until it has ended.
type Conn struct {
	loop      *Loop
	nc        net.Conn
	raw       *rawConn // nil: not a socket that is known
	deliverFn func()

	mu  sync.Mutex
	cfg ConnConfig

	onData  func([]byte)
	onEnd   func()
	onDrain func()
	onClose func(error)

	// Reading.
	inbox     []*buffer
	readErr   error // io.EOF, or why reading has ended
	paused    bool
	told      bool // of the end
	scheduled bool // deliver is posted
	more      sync.Cond
	waiting   func() // resumes the task in Read

	// Writing.
	out       []byte
	spare     []byte
	buffered  int // in out, and on its way
	writing   bool
	full      bool
	dropped   uint64
	draining  []func() // resumes tasks in WriteWait
	halfClose bool     // CloseWrite when all is sent
	noMore    bool     // CloseWrite or Close was called

	// The end.
	ending   bool // Close or Abort was called
	closed   bool // nc is
	err      error
	busy     int  // goroutines
	finished bool // OnClose is on its way
}

// Attach makes nc a connection of the loop, which owns it from then on. It returns [quartet.ErrClosed], and leaves nc
// alone, when the loop is being stopped.
func (l *Loop) Attach(nc net.Conn) (*Conn, error) {
	if nc == nil {
		panic("eventloop: Attach of a nil Conn")
	}
	c := &Conn{loop: l, nc: nc, raw: rawOf(nc), cfg: l.cfg.Conn, busy: 1}
	c.deliverFn, c.more.L = c.deliver, &c.mu
	l.in.Lock()
	defer l.in.Unlock()
	if l.in.Draining() {
		return nil, quartet.ErrClosed
	}
	l.in.Hold()
	l.held++
	l.conns[c] = struct{}{}
	l.helpers.Go(c.readAll)
	return c, nil
}

// withDefaults panics on nonsense, naming the field.
func (cfg ConnConfig) withDefaults() ConnConfig {
	for field, v := range map[string]int{
		"ReadBuffer": cfg.ReadBuffer, "HighWater": cfg.HighWater, "LowWater": cfg.LowWater, "CloseTimeout": int(cfg.CloseTimeout),
	} {
		intake.NotNegative("eventloop", "Conn."+field, v)
	}
	if cfg.SlowReader > SlowClose {
		panic("eventloop: Config.Conn.SlowReader is unknown")
	}
	if cfg.ReadBuffer == 0 {
		cfg.ReadBuffer = 16 << 10
	}
	if cfg.HighWater == 0 {
		cfg.HighWater = max(64<<10, cfg.LowWater)
	}
	if cfg.LowWater == 0 {
		cfg.LowWater = cfg.HighWater / 4
	}
	if cfg.LowWater > cfg.HighWater {
		panic("eventloop: Config.Conn.LowWater is above HighWater")
	}
	if cfg.CloseTimeout == 0 {
		cfg.CloseTimeout = 5 * time.Second
	}
	return cfg
}

// Configure sets another configuration for this connection; zero fields mean the defaults, and nonsense panics.
func (c *Conn) Configure(cfg ConnConfig) {
	cfg = cfg.withDefaults()
	c.mu.Lock()
	c.cfg = cfg
	c.mu.Unlock()
}

// NetConn returns the connection underneath, for its addresses and options; it must be neither read, written nor closed.
func (c *Conn) NetConn() net.Conn { return c.nc }

// RemoteAddr returns the other side's address.
func (c *Conn) RemoteAddr() net.Addr { return c.nc.RemoteAddr() }

// LocalAddr returns this side's address.
func (c *Conn) LocalAddr() net.Addr { return c.nc.LocalAddr() }

// SetDeadline sets the read and the write deadline.
func (c *Conn) SetDeadline(t time.Time) error { return c.nc.SetDeadline(t) }

// SetReadDeadline ends the connection, with [os.ErrDeadlineExceeded], when it waits for the other side to send at t or
// after. A zero t means never.
func (c *Conn) SetReadDeadline(t time.Time) error { return c.nc.SetReadDeadline(t) }

// SetWriteDeadline ends the connection, with [os.ErrDeadlineExceeded], when it waits for the other side to take what was
// written at t or after. A zero t means never.
func (c *Conn) SetWriteDeadline(t time.Time) error { return c.nc.SetWriteDeadline(t) }

// OnData sets what gets what the other side sends, as it comes; the slice may be used until fn returns. What came before
// is kept for it. When the other side has sent all, and there is no OnEnd, the connection is closed.
func (c *Conn) OnData(fn func(p []byte)) { c.set(func() { c.onData = fn }) }

// OnEnd sets what is called when the other side has sent all it will. The connection can still be written, until Close.
func (c *Conn) OnEnd(fn func()) { c.set(func() { c.onEnd = fn }) }

// OnDrain sets what is called when a full connection has sent all but LowWater bytes.
func (c *Conn) OnDrain(fn func()) { c.set(func() { c.onDrain = fn }) }

// OnClose sets what is called, once and last, in the closing phase, when the connection has ended. err says why when
// neither side had closed it in order. After the loop's Close it may not be called.
func (c *Conn) OnClose(fn func(err error)) { c.set(func() { c.onClose = fn }) }

func (c *Conn) set(assign func()) {
	c.mu.Lock()
	assign()
	post := c.schedule()
	c.mu.Unlock()
	c.post(post)
}

// Pause keeps OnData and OnEnd from being called, until Resume; the other side is slowed down once some buffers are full.
func (c *Conn) Pause() { c.set(func() { c.paused = true }) }

// Resume undoes Pause.
func (c *Conn) Resume() { c.set(func() { c.paused = false }) }

// post posts fn, if any, to the loop, also while it drains.
func (c *Conn) post(fn func()) {
	if fn == nil {
		return
	}
	l := c.loop
	l.in.Lock()
	l.pushCall(fn)
	l.in.Unlock()
}
