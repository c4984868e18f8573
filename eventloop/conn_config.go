package eventloop

import (
	"errors"
	"time"

	"github.com/quartet-go/quartet/internal/intake"
)

// SlowReader says what Write does above the high-water mark. The system's own buffers fill first,
// up to some MiB: to notice a slow reader soon, make them small by SetWriteBuffer of
// [Conn.NetConn].
type SlowReader uint8

const (
	// SlowWait queues the write all the same (as Node does): the writer has to wait for OnDrain, or
	// to use WriteWait.
	SlowWait SlowReader = iota
	// SlowDrop refuses a write that does not fit under the mark, with [ErrSlowReader]. It suits
	// messages that the next one makes obsolete. The mark bounds each single write too: a longer
	// one is always refused.
	SlowDrop
	// SlowClose ends the connection with [ErrSlowReader].
	SlowClose
)

// ConnConfig is the configuration of connections. The zero value is useful.
type ConnConfig struct {
	// ReadBuffer is the most bytes that one OnData gets. It belongs to the loop: Configure does not
	// change it. Default: 16 KiB.
	ReadBuffer int
	// HighWater is how many bytes may wait to be sent before the connection is full. Default: 64
	// KiB.
	HighWater int
	// LowWater is the level at which a full connection counts as drained. Default: a quarter of
	// HighWater.
	LowWater int
	// SlowReader is what Write does above HighWater. Default: SlowWait.
	SlowReader SlowReader
	// CloseTimeout bounds how long Close waits for the other side to take the queued bytes and,
	// over TLS, for its part in the handshake and the farewell. It also bounds how long a failed
	// connection keeps data that nobody takes. Default: 5 s.
	CloseTimeout time.Duration
	// HandshakeTimeout bounds the handshake of a TLS connection, and of any other net.Conn that has
	// a HandshakeContext. The loop begins the handshake when it gets the connection. Default: 10 s.
	HandshakeTimeout time.Duration
	// IdleTimeout ends a connection, with [ErrIdle], that has neither received nor sent anything
	// for so long. A connection whose reading is paused counts as idle too. Default: no limit.
	IdleTimeout time.Duration
	// MaxMessage is the longest line or message, in bytes, of [Lines], [Split] and a [WebSocket]; a
	// longer one ends the connection with [ErrTooLong]. Default: 1 MiB.
	MaxMessage int
	// MaxConns is how many connections the loop may have while Serve accepts more: at that number
	// further clients wait in the system's backlog until one ends. Attach and Dial are not bound.
	// It belongs to the loop: Configure does not change it. Default: no limit.
	MaxConns int
}

// check returns an error if a field is out of range. It names the first one.
func (c *ConnConfig) check() error {
	err := intake.Wrong("eventloop",
		intake.NotNegative("Conn.ReadBuffer", c.ReadBuffer),
		intake.NotNegative("Conn.HighWater", c.HighWater),
		intake.NotNegative("Conn.LowWater", c.LowWater),
		intake.NotNegative("Conn.MaxConns", c.MaxConns),
		intake.NotNegative("Conn.MaxMessage", c.MaxMessage),
		intake.NotNegative("Conn.CloseTimeout", c.CloseTimeout),
		intake.NotNegative("Conn.HandshakeTimeout", c.HandshakeTimeout),
		intake.NotNegative("Conn.IdleTimeout", c.IdleTimeout),
	)
	switch {
	case err != nil:
		return err
	case c.SlowReader > SlowClose:
		return errors.New("eventloop: Config.Conn.SlowReader is unknown")
	case c.HighWater > 0 && c.LowWater > c.HighWater:
		return errors.New("eventloop: Config.Conn.LowWater is above HighWater")
	}
	return nil
}

// setDefaults fills in the fields that are zero.
func (c *ConnConfig) setDefaults() {
	intake.SetDefault(&c.ReadBuffer, 16<<10)
	intake.SetDefault(&c.HighWater, max(64<<10, c.LowWater))
	intake.SetDefault(&c.LowWater, c.HighWater/4)
	intake.SetDefault(&c.MaxMessage, 1<<20)
	intake.SetDefault(&c.CloseTimeout, 5*time.Second)
	intake.SetDefault(&c.HandshakeTimeout, 10*time.Second)
}

// Configure sets another configuration for this connection; zero fields mean the defaults, and
// nonsense panics. Every connection begins with the loop's own configuration, by pointer; this one
// gets a copy. A connection that is full stays so until it has drained to the new LowWater.
func (c *Conn) Configure(cfg ConnConfig) {
	intake.Must(cfg.check())
	cfg.setDefaults()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cfg = &cfg
	c.watchIdleLocked()
}
