//go:build !(js && wasm)

package eventloop

import (
	"crypto/sha1"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// UpgradeConfig says which requests [Upgrade] takes. The zero value takes those of pages that come
// from this server.
type UpgradeConfig struct {
	// Origins are the hosts, besides the request's own, whose pages may connect: "example.org", or
	// "*" for all. A request without Origin, which no browser sends, is always taken.
	Origins []string
	// Protocols are the subprotocols that the server speaks, the best first. The first that the
	// client asks for too is agreed on.
	Protocols []string
}

// Upgrade answers an HTTP/1.1 request that asks for a WebSocket, and makes its connection one of
// the loop. It may be called in any handler, on the loop or not. Messages are received once
// OnMessage is set. Where it returns an error it has answered the request.
//
// The answer is written by the Conn and not by net/http, which has given the connection up by then.
func Upgrade(l *Loop, w http.ResponseWriter, r *http.Request, cfg UpgradeConfig) (*WebSocket, error) {
	l.made()
	key := r.Header.Get("Sec-WebSocket-Key")
	switch decoded, err := base64.StdEncoding.DecodeString(key); {
	case r.Method != http.MethodGet,
		!hasToken(r.Header, "Connection", "upgrade"), !hasToken(r.Header, "Upgrade", "websocket"):
		w.Header().Set("Upgrade", "websocket")
		return nil, refuseUpgrade(w, http.StatusUpgradeRequired, "no request for a WebSocket")
	case r.Header.Get("Sec-WebSocket-Version") != "13":
		w.Header().Set("Sec-WebSocket-Version", "13")
		return nil, refuseUpgrade(w, http.StatusUpgradeRequired, "not version 13")
	case err != nil || len(decoded) != 16:
		return nil, refuseUpgrade(w, http.StatusBadRequest, "Sec-WebSocket-Key is not valid")
	case !cfg.takesOrigin(r):
		return nil, refuseUpgrade(w, http.StatusForbidden, "the page's origin is not allowed")
	}
	nc, rw, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return nil, refuseUpgrade(w, http.StatusNotImplemented, err.Error())
	}
	// A client may send frames right behind its request, and net/http has read them with it.
	early := make([]byte, rw.Reader.Buffered())
	_, _ = rw.Read(early)
	// net/http may have left deadlines of the request on the connection.
	_ = nc.SetDeadline(time.Time{})
	c, err := l.Attach(nc)
	if err != nil {
		_ = nc.Close()
		return nil, err
	}
	_, _ = c.Write(cfg.answer(r, key))
	return newWebSocket(c, early), nil
}

// refuseUpgrade answers the request, so that the caller of Upgrade has nothing left to do but
// return.
func refuseUpgrade(w http.ResponseWriter, status int, why string) error {
	http.Error(w, why, status)
	return errors.New("eventloop: Upgrade: " + why)
}

// hasToken reports whether a header's list has a token. A header may be there several times, and
// each may have a list.
func hasToken(h http.Header, name, token string) bool {
	for _, list := range h.Values(name) {
		for item := range strings.SplitSeq(list, ",") {
			if strings.EqualFold(strings.TrimSpace(item), token) {
				return true
			}
		}
	}
	return false
}

// takesOrigin keeps pages of other sites from using a visitor's cookies here: browsers put no
// bounds of their own on WebSockets, and always send Origin. A port is a part of the host here: a
// page of another port is another origin.
func (cfg *UpgradeConfig) takesOrigin(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	if origin == "" || slices.Contains(cfg.Origins, "*") {
		return true
	}
	from, err := url.Parse(origin)
	if err != nil {
		return false
	}
	same := func(host string) bool { return strings.EqualFold(host, from.Host) }
	return same(r.Host) || slices.ContainsFunc(cfg.Origins, same)
}

// answer is the response that makes the connection a WebSocket. The sum proves that the server has
// understood the request (RFC 6455, 1.3); it is no secret.
func (cfg *UpgradeConfig) answer(r *http.Request, key string) []byte {
	sum := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	var answer strings.Builder
	answer.WriteString("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Accept: " + base64.StdEncoding.EncodeToString(sum[:]) + "\r\n")
	for _, protocol := range cfg.Protocols {
		if hasToken(r.Header, "Sec-WebSocket-Protocol", protocol) {
			answer.WriteString("Sec-WebSocket-Protocol: " + protocol + "\r\n")
			break
		}
	}
	return []byte(answer.String() + "\r\n")
}
