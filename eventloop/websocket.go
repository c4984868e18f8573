package eventloop

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"
)

// MessageType says what a message of a [WebSocket] is.
type MessageType uint8

const (
	// Text is a message of valid UTF-8.
	Text MessageType = 1
	// Binary is a message of any bytes.
	Binary MessageType = 2
)

// Codes of a WebSocket's end, as RFC 6455 names them. An application may use those from 3000 to
// 4999.
const (
	CloseNormal        = 1000
	CloseGoingAway     = 1001
	CloseProtocolError = 1002
	CloseBadData       = 1007
	CloseTooLarge      = 1009
	closeNoCode        = 1005 // never sent
)

// CloseError is what OnClose of a [WebSocket] gets when one side ended it with a code other than
// CloseNormal and CloseGoingAway.
type CloseError struct {
	Code   int
	Reason string
}

func (e *CloseError) Error() string {
	return fmt.Sprintf("eventloop: WebSocket closed: code %d %s", e.Code, e.Reason)
}

// WebSocket is the server's side of a connection of messages (RFC 6455): each message that the
// other side sends is one OnMessage, and each Write is one message to it. Its methods may be called
// from any goroutine and never block. [Upgrade] makes one from an HTTP request.
//
// Water marks, SlowReader, timeouts, Pause and Resume are those of its Conn: SlowDrop drops whole
// messages. Pings are answered; compression is not offered.
//
// Its frames are cut on the loop, one after the other; Write, Ping and Close only queue, and may
// come from anywhere.
type WebSocket struct {
	c       *Conn
	onClose func(error) // guarded by the connection's lock

	// Of the loop: what a message's first frames have brought.
	kind    MessageType // of the message whose frames are being gathered; 0: none
	partial []byte      // the payloads of its frames so far
	onMsg   func(MessageType, []byte)
	// Once ended is set, nothing that arrives is looked at any more.
	ended bool // a close frame has come, or the other side broke the protocol

	// Guarded by the connection's lock.
	closing  bool // a close frame was sent; each side sends one at most
	closeErr error
}

// newWebSocket speaks over c; early was received before c was the loop's. It works on the frames of
// package eventloop as Lines does, so Pause and MaxMessage hold.
func newWebSocket(c *Conn, early []byte) *WebSocket {
	ws := &WebSocket{c: c}
	c.set(func() { c.paused = true }) // until there is OnMessage; first, so that no end overtakes it
	c.OnClose(ws.tellClose)
	c.cut(&frames{c: c, split: ws.splitFrame, fn: ws.frame, rest: early, around: longestHeader})
	return ws
}

// Conn returns the connection underneath, for its addresses, water marks, Pause and Resume. Data is
// the WebSocket's: use neither OnData, OnEnd and OnClose of it nor its Write.
func (ws *WebSocket) Conn() *Conn { return ws.c }

// OnMessage sets the callback for messages, and has them received from then on. The slice may be
// used until fn returns.
func (ws *WebSocket) OnMessage(fn func(kind MessageType, p []byte)) {
	if fn == nil {
		panic("eventloop: OnMessage of a nil func")
	}
	ws.c.set(func() {
		if ws.onMsg == nil {
			ws.c.paused = false
		}
		ws.onMsg = fn
	})
}

// OnClose sets the callback for the end of the connection. The loop calls it once, as the last
// callback, also when the connection ended before OnClose. err is nil after an orderly end, a
// [*CloseError] after another code, else why the connection failed: [io.ErrUnexpectedEOF] where the
// other side left without a word.
func (ws *WebSocket) OnClose(fn func(err error)) {
	ws.c.set(func() { ws.onClose = fn })
	ws.c.OnClose(ws.tellClose)
}

// tellClose is the connection's OnClose. An end without close frames of either side is an error
// here (1006 in the terms of RFC 6455, 7.1.5), though TCP ended in order.
func (ws *WebSocket) tellClose(err error) {
	ws.c.mu.Lock()
	fn := ws.onClose
	switch {
	case ws.closeErr != nil:
		err = ws.closeErr
	case err == nil && !ws.closing:
		err = io.ErrUnexpectedEOF
	}
	ws.c.closeTold = fn != nil // else it is told when OnClose is set
	ws.c.mu.Unlock()
	if fn != nil {
		fn(err)
	}
}

// Write sends p as one message, or refuses it whole: with what [Conn.Write] returns. Header and
// payload are one write, so two goroutines' messages never mix.
func (ws *WebSocket) Write(kind MessageType, p []byte) error {
	if kind != Text && kind != Binary {
		panic("eventloop: a WebSocket message is Text or Binary")
	}
	_, err := ws.c.Write(appendFrame(make([]byte, 0, maxHeader+len(p)), opcode(kind), p))
	return err
}

// Ping asks the other side for a sign of life. Its answer counts as received data, for IdleTimeout
// say.
func (ws *WebSocket) Ping() error {
	_, err := ws.c.Write(appendFrame(nil, opPing, nil))
	return err
}

// Close ends the connection in order: the other side is told code and reason, of which 123 bytes
// are sent, and has CloseTimeout to answer. Messages that arrive meanwhile are dropped. The first
// close frame counts; a later Close only bounds the wait anew.
func (ws *WebSocket) Close(code int, reason string) {
	ws.sayClose(code, reason)
	ws.boundClose()
}

// boundClose ends the connection after CloseTimeout, if the other side has not done so. Close and
// not Abort when the time is up: queued frames get CloseTimeout once more.
func (ws *WebSocket) boundClose() {
	ws.c.mu.Lock()
	defer ws.c.mu.Unlock()
	if ws.c.life == alive {
		ws.c.armForLocked(&ws.c.seldomLocked().closeTimer, ws.c.Close, ws.c.cfg.CloseTimeout)
	}
}

// finish ends the connection after the close frames. The other side ends it in turn: closing at
// once, with data unread, could cost it our last frame. It is called on the loop, once the other
// side's part is over or refused.
func (ws *WebSocket) finish() {
	ws.ended, ws.partial = true, nil
	ws.c.OnData(func([]byte) {})
	ws.c.CloseWrite()
	ws.boundClose()
}

// sayClose sends the close frame, once.
func (ws *WebSocket) sayClose(code int, reason string) {
	ws.c.mu.Lock()
	first := !ws.closing
	ws.closing = true
	ws.c.mu.Unlock()
	if !first {
		return
	}
	var payload []byte
	if code != closeNoCode {
		payload = append(binary.BigEndian.AppendUint16(nil, uint16(code)), reason[:min(len(reason), 123)]...)
	}
	_, _ = ws.c.Write(appendFrame(nil, opClose, payload))
}

// splitFrame is a bufio.SplitFunc: a token is a whole frame.
//
// It runs before the frame has arrived whole, so a frame that is too long, or not allowed, is
// refused by its header, and no client can have its length allocated. A refusal is no error of the
// split: an error would have the frames abort the connection, and a reset could take the close
// frame from the client. So the data is swallowed, as all that follows is (ended).
func (ws *WebSocket) splitFrame(data []byte, _ bool) (int, []byte, error) {
	h, ok := parseHeader(data)
	switch {
	// Whatever arrives after the end is swallowed, so that the other side can finish in order.
	case ws.ended:
		return len(data), nil, nil
	case !ok:
		return 0, nil, nil
	case h.fault() != nil:
		ws.refuse(CloseProtocolError, h.fault())
		return len(data), nil, nil
	case !h.op.control() && h.length > uint64(ws.c.maxMessage()-len(ws.partial)):
		ws.refuse(CloseTooLarge, ErrTooLong)
		return len(data), nil, nil
	case uint64(len(data)-h.size) < h.length:
		return 0, nil, nil
	}
	n := h.size + int(h.length)
	return n, data[:n:n], nil
}

// refuse ends a connection whose other side breaks the protocol. The close frame says so to the
// client, and closeErr to OnClose. It runs on the loop.
func (ws *WebSocket) refuse(code int, why error) {
	ws.sayClose(code, why.Error())
	ws.c.mu.Lock()
	ws.closeErr = &CloseError{code, why.Error()}
	if errors.Is(why, ErrTooLong) {
		ws.closeErr = why
	}
	ws.c.mu.Unlock()
	ws.finish()
}

// frame takes one frame. It runs on the loop.
func (ws *WebSocket) frame(frame []byte) {
	h, _ := parseHeader(frame)
	payload := frame[h.size:]
	h.unmask(payload)
	switch {
	case h.op == opClose:
		ws.hearClose(payload)
	// A pong may be queued for each ping, and pings are cheap to send: a client that reads none
	// would fill the memory.
	case h.op == opPing:
		if !ws.c.Full() { // who reads no pongs gets none
			_, _ = ws.c.Write(appendFrame(nil, opPong, payload))
		}
	case h.op == opPong:
	// A continuation needs a message that has begun, and a new message none.
	case (h.op == opContinue) == (ws.kind == 0):
		ws.refuse(CloseProtocolError, errors.New("a frame out of order"))
	default:
		ws.gather(h, payload)
	}
}

// gather puts a message together. payload belongs to the read buffer: it is copied only where a
// message has several frames. UTF-8 is looked at when the message is whole, since a character may
// lie across two frames. splitFrame has bounded the sum of the frames by MaxMessage.
func (ws *WebSocket) gather(h header, payload []byte) {
	if h.op != opContinue {
		ws.kind = MessageType(h.op)
	}
	if !h.fin {
		ws.partial = append(ws.partial, payload...)
		return
	}
	if ws.partial != nil {
		payload = append(ws.partial, payload...)
	}
	kind := ws.kind
	ws.kind, ws.partial = 0, nil
	if kind == Text && !utf8.Valid(payload) {
		ws.refuse(CloseBadData, errors.New("text that is not UTF-8"))
		return
	}
	ws.c.mu.Lock()
	fn := ws.onMsg
	// After our close frame the program has no more to do with this connection.
	if ws.closing {
		fn = nil
	}
	ws.c.mu.Unlock()
	if fn != nil {
		fn(kind, payload)
	}
}

// hearClose answers the other side's close frame, and closes the connection. The same code goes
// back (RFC 6455, 5.5.1).
func (ws *WebSocket) hearClose(payload []byte) {
	code, reason := closeNoCode, ""
	if len(payload) >= 2 {
		code, reason = int(binary.BigEndian.Uint16(payload)), string(payload[2:])
	}
	if len(payload) == 1 || len(payload) > 1 && !validCode(code) || !utf8.ValidString(reason) {
		ws.refuse(CloseProtocolError, errors.New("a close frame that is not valid"))
		return
	}
	if code != CloseNormal && code != CloseGoingAway && code != closeNoCode {
		ws.c.mu.Lock()
		ws.closeErr = &CloseError{code, reason}
		ws.c.mu.Unlock()
	}
	ws.sayClose(code, reason)
	ws.finish()
}

// validCode reports whether a peer may send code: RFC 6455, 7.4. 1004 to 1006 are reserved, and
// 1015 never is sent; 1012 to 1014 were registered later.
func validCode(code int) bool {
	switch {
	case code == 1004 || code == closeNoCode || code == 1006:
		return false
	case code >= 1000 && code <= 1014, code >= 3000 && code <= 4999:
		return true
	}
	return false
}

func (c *Conn) maxMessage() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.cfg.MaxMessage
}
