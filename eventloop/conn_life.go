package eventloop

// life is the state of a connection.
type life uint8

const (
	// alive: both sides may send.
	alive life = iota
	// failed: err is set. Nothing is sent any more; data that had arrived is still delivered.
	failed
	// closing: Close was called. Nothing is delivered any more; queued data is still sent.
	closing
	// closed: the net.Conn is closed. Goroutines of the connection may still be ending.
	closed
	// over: the loop has forgotten the connection. OnClose has been called, or is called as soon as
	// it is set.
	over
	lives
)

// event is what moves a connection from one state to another.
type event uint8

const (
	// fails: the net.Conn returned an error other than io.EOF.
	fails event = iota
	// closes: Close was called, or the other side has sent all and nobody wants to go on.
	closes
	// aborts: Abort was called, or a timeout or a policy ends the connection at once.
	aborts
	// empties: a failed connection has delivered all, or a closing one has sent all.
	empties
	// settles: a closed connection has no goroutine left.
	settles
	events
)

// transitions is the table of a connection's life. A state that an event does not concern stays.
//
// Invariants: no row leads back to alive; over is reached from closed alone, by settles; closed
// stays until the goroutines are gone, so that OnClose is the last sign of the connection.
var transitions = [lives][events]life{
	alive:   {fails: failed, closes: closing, aborts: closed, empties: alive, settles: alive},
	failed:  {fails: failed, closes: closed, aborts: closed, empties: closed, settles: failed},
	closing: {fails: closed, closes: closing, aborts: closed, empties: closed, settles: closing},
	closed:  {fails: closed, closes: closed, aborts: closed, empties: closed, settles: over},
	over:    {fails: over, closes: over, aborts: over, empties: over, settles: over},
}

// delivers reports whether received data may still be delivered. Only these two states read.
func (s life) delivers() bool { return s == alive || s == failed }

// sends reports whether queued data may still be sent.
func (s life) sends() bool { return s == alive || s == closing }

// receiving is the state of the half that receives.
type receiving uint8

const (
	// receives: the other side may send more.
	receives receiving = iota
	// ended: all that it sent has been taken, and it sends no more.
	ended
	// told: OnEnd has been called, or needs no call.
	told
)

// sending is the state of the half that sends.
type sending uint8

const (
	// sends: Write is allowed.
	sends sending = iota
	// finishing: CloseWrite was called; queued data is still sent.
	finishing
	// finished: the other side has been told that nothing more comes.
	finished
)
