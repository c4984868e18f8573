package natspool

import (
	"crypto/rand"
	"fmt"
	"hash/fnv"
	"slices"
	"strconv"
	"strings"
)

// names makes every name in NATS from Config.Name, so that permissions can be given by it:
//
//	stream and bucket   QUARTET_<name>
//	calls               quartet.<name>.q.<class>.<caller>.<function>    stored in the stream
//	everything else     quartet.<name>.…                                core messages, not stored
type names struct{ base, stream string }

func namesOf(pool string) names { return names{"quartet." + pool, "QUARTET_" + pool} }

// anyClass is in place of a class in the subject of a call that any node may run.
const anyClass = "any"

func (n names) calls() string { return n.base + ".q.>" }

func (n names) queue(class string) string { return n.base + ".q." + class + ".>" }

// callsOf are the calls of one pool, of all classes: to count them, and to purge them.
func (n names) callsOf(caller string) string { return n.base + ".q.*." + caller + ".>" }

// call is where a call is published. The class decides which nodes fetch it, and the caller whose
// it is to purge.
func (n names) call(class, caller, function string) string {
	return n.base + ".q." + class + "." + caller + "." + token(function)
}

// acks are the subjects on which the server says that it has stored a call: the reply subjects of
// the publishes.
func (n names) acks(caller string) string { return n.base + ".a." + caller + ".*" }

// ack is one of acks: the number says which call was stored, as the server's answer names none.
func (n names) ack(caller string, id uint64) string {
	return n.base + ".a." + caller + "." + strconv.FormatUint(id, 36)
}

func (n names) caller(id string) string { return n.base + ".c." + id }

func (n names) node(id string) string { return n.base + ".n." + id }

// pulls are the reply subjects of a node's requests for calls: the calls come there, and the
// server's word on a request that brings none.
func (n names) pulls(node, class string) string { return n.base + ".p." + node + "." + class + ".*" }

// pull is one of pulls: the number says which request the server speaks of.
func (n names) pull(node, class string, request uint64) string {
	return n.base + ".p." + node + "." + class + "." + strconv.FormatUint(request, 36)
}

// claims are the server's answers to a node that has claimed a call.
func (n names) claims(node string) string { return n.base + ".k." + node + ".*.*" }

// claim is one of claims: the answer's subject says which call was asked about.
func (n names) claim(node string, k key) string {
	return n.base + ".k." + node + "." + k.caller + "." + strconv.FormatUint(k.id, 36)
}

// claimedKey reads the subject of such an answer.
func claimedKey(subject string) key {
	parts := strings.Split(subject, ".")
	return key{parts[len(parts)-2], lastToken(subject)}
}

// Both kinds of heartbeat, and the question that every node answers with one.
func (n names) nodeBeat() string   { return n.base + ".beat.node" }
func (n names) callerBeat() string { return n.base + ".beat.caller" }
func (n names) hello() string      { return n.base + ".hello" }

// remove is the request that removes a message from the stream. no_erase: the message need not be
// overwritten, which would cost the server a write.
func (n names) remove(seq uint64) (subject string, data []byte) {
	return "$JS.API.STREAM.MSG.DELETE." + n.stream,
		[]byte(`{"no_erase":true,"seq":` + strconv.FormatUint(seq, 10) + `}`)
}

// next is the subject of requests for calls of a class.
func (n names) next(class string) string {
	return "$JS.API.CONSUMER.MSG.NEXT." + n.stream + "." + class
}

// lastToken returns the number after the last dot.
func lastToken(subject string) uint64 {
	id, _ := strconv.ParseUint(subject[strings.LastIndexByte(subject, '.')+1:], 36, 64)
	return id
}

// token is a function's name as part of a subject. It is for people who look on: the name itself is
// in the message.
func token(function string) string {
	return strings.Map(func(r rune) rune {
		if r == '-' || r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' {
			return r
		}
		return '_'
	}, function)
}

// checkName allows what may stand in a subject, in a stream's name and in a permission, without
// quoting.
func checkName(name string) error {
	if name == "" || token(name) != name {
		return fmt.Errorf("natspool: Config.Name must be letters, digits, - and _: %q", name)
	}
	return nil
}

// newID returns 65 random bits: an ID is never used twice.
func newID() string { return strings.ToLower(rand.Text()[:13]) }

// classOf names a set of functions: nodes that have the same ones are of one class.
func classOf(functions []string) string {
	h := fnv.New64a()
	for _, f := range slices.Sorted(slices.Values(functions)) {
		_, _ = h.Write(append([]byte(f), 0))
	}
	return fmt.Sprintf("%016x", h.Sum64())
}
