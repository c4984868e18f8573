package procpool

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/quartet-go/quartet/procpool/internal/codec"
	"github.com/quartet-go/quartet/procpool/internal/proc"
	"github.com/quartet-go/quartet/procpool/internal/wire"
)

// FakeWorker is a worker that misbehaves as mode says.
func FakeWorker(mode string) {
	m, err := wire.ParseMarker(os.Getenv(wire.EnvMarker))
	if err != nil {
		panic(err)
	}
	in, out := proc.Inherit(m.In, "in"), proc.Inherit(m.Out, "out")
	write := func(data []byte) { _, _ = out.Write(data) }
	hello := wire.Greeting{
		Magic: wire.Magic, Version: wire.Version, Nonce: m.Nonce, Codec: codec.JSON,
		PID: os.Getpid(), Bulk: mode != "bulk without",
	}
	switch mode {
	case "silent":
		time.Sleep(time.Hour)
	case "exit":
		fmt.Fprintln(os.Stderr, "cannot find my hat")
		os.Exit(7)
	case "noinit":
		_, err := New(Config{})
		fmt.Println("unreachable", err)
	case "garbage":
		write(bytes.Repeat([]byte("garbage! "), 100))
		time.Sleep(time.Hour)
	case "cut":
		write([]byte{1, 2, 3})
		os.Exit(0)
	case "long":
		write(AppendLength(wire.Frame{Type: wire.Hello}, 1<<31))
		time.Sleep(time.Hour)
	case "closes out early":
		_ = out.Close()
		time.Sleep(time.Hour)
	case "version":
		hello.Version = 99
	case "nonce":
		hello.Nonce = "another"
	case "magic":
		hello.Magic = "ssh"
	}
	body, _ := json.Marshal(hello)
	write(append(wire.AppendHeader(nil, wire.Frame{Type: wire.Hello, Body: body}), body...))
	r := &wire.Reader{Limit: 1 << 20}
	for {
		f, ok, err := r.Next()
		if err != nil {
			panic(err)
		}
		if !ok {
			n, err := in.Read(r.Room())
			if err != nil {
				os.Exit(0)
			}
			r.Fed(n)
			continue
		}
		if f.Type == wire.Bye {
			os.Exit(0)
		}
		if f.Type != wire.Task {
			continue
		}
		if wrong := wrongs[mode]; wrong != nil {
			wrong(&far{in, out, write}, f)
			continue
		}
		switch mode {
		case "garbage later":
			write(bytes.Repeat([]byte{0xff}, 100))
		case "long later":
			write(AppendLength(wire.Frame{Type: wire.Result, ID: f.ID}, 1<<31))
		case "exit in mid-frame":
			write(AppendLength(wire.Frame{Type: wire.Result, ID: f.ID}, 100))
			os.Exit(5)
		case "another task":
			write(wire.AppendHeader(nil, wire.Frame{Type: wire.Result, ID: f.ID + 1000}))
		case "wrong output":
			write(append(wire.AppendHeader(nil, wire.Frame{Type: wire.Result, ID: f.ID, Body: []byte("{}")}), "{}"...))
		default:
			write(append(wire.AppendHeader(nil, wire.Frame{Type: wire.Result, ID: f.ID, Body: []byte("42")}), "42"...))
		}
	}
}

// appendLength returns the header of f with another length.
func AppendLength(f wire.Frame, length uint32) []byte {
	h := wire.AppendHeader(nil, f)
	h[0], h[1], h[2], h[3] = byte(length), byte(length>>8), byte(length>>16), byte(length>>24)
	return h
}

// far is the side of a worker that goes wrong at its first task.
type far struct {
	in, out *os.File
	write   func([]byte)
}

func (w *far) send(f wire.Frame) { w.write(wire.Append(nil, f)) }

// bulk sends a result that should lie in shared memory.
func (w *far) bulk(f wire.Frame, at, size int64) {
	place := binary.LittleEndian.AppendUint64(nil, uint64(at))
	place = binary.LittleEndian.AppendUint64(place, uint64(size))
	w.send(wire.Frame{Type: wire.Result, Flags: wire.FlagBulk, ID: f.ID, Body: place})
}

func (w *far) call(id, parent uint64, name string, input []byte) {
	body := wire.AppendCall(nil, wire.Ext{Parent: parent}, name)
	w.send(wire.Frame{Type: wire.Call, Flags: wire.FlagExt, ID: id, Body: append(body, input...)})
}

// wrongs are what a worker may do to a task that it got.
var wrongs = map[string]func(w *far, f wire.Frame){
	"kind": func(w *far, f wire.Frame) {
		w.send(wire.Frame{Type: wire.Result, Arg: 0x30, ID: f.ID, Body: []byte("1")})
	},
	"closes out": func(w *far, _ wire.Frame) { _ = w.out.Close(); time.Sleep(time.Hour) },
	"closes in": func(w *far, f wire.Frame) { // and says when it has
		_ = w.in.Close()
		w.send(wire.Frame{Type: wire.Suspended, ID: f.ID})
		time.Sleep(time.Hour)
	},
	"returns": func(w *far, f wire.Frame) { w.send(wire.Frame{Type: wire.Returned, ID: f.ID}) },
	"returns begun": func(w *far, f wire.Frame) {
		w.send(wire.Frame{Type: wire.Suspended, ID: f.ID})
		w.send(wire.Frame{Type: wire.Returned, ID: f.ID})
	},
	"returns asked": func(w *far, f wire.Frame) {
		w.send(wire.Frame{Type: wire.Returned, Arg: wire.ReturnedAsked, ID: f.ID})
	},
	"shutdown": func(w *far, _ wire.Frame) { w.send(wire.Frame{Type: wire.Shutdown}); time.Sleep(time.Hour) },
	"stays": func(w *far, f wire.Frame) {
		w.send(wire.Frame{Type: wire.Result, ID: f.ID, Body: []byte("42")})
		time.Sleep(time.Hour)
	},
	"nested errors": func(w *far, f wire.Frame) {
		body := `{"message":"` + strings.Repeat("y", 900<<10) + `"}`
		for range 200 {
			body = `{"message":"x","as":[{"type":"quartet.PanicError","value":{"text":"t","stack":"","value":` + body +
				`}}]}`
		}
		w.send(wire.Frame{Type: wire.Result, Arg: wire.KindError, ID: f.ID, Body: []byte(body)})
	},
	"huge error": func(w *far, f wire.Frame) {
		w.send(wire.Frame{Type: wire.Result, Arg: wire.KindError, ID: f.ID, Body: bytes.Repeat([]byte("{"), 4<<20)})
	},
	"promises": func(w *far, f wire.Frame) {
		w.send(wire.Frame{
			Type: wire.Result, Flags: wire.FlagMore, Arg: wire.KindRaw, ID: f.ID,
			Body: binary.LittleEndian.AppendUint64(nil, 8<<20),
		})
		w.send(wire.Frame{Type: wire.Result, Arg: wire.KindRaw, ID: f.ID, Body: []byte("z")})
	},
	"bulk without": func(w *far, f wire.Frame) { w.bulk(f, wire.ResultsAt, 100) },
	"bulk before":  func(w *far, f wire.Frame) { w.bulk(f, wire.ResultsAt-1, 100) },
	"bulk behind":  func(w *far, f wire.Frame) { w.bulk(f, wire.SharedEnd-99, 100) },
	"bulk huge":    func(w *far, f wire.Frame) { w.bulk(f, wire.ResultsAt, 1<<40) },
	"bulk wraps":   func(w *far, f wire.Frame) { w.bulk(f, -8, 100) },
	"bulk cut": func(w *far, f wire.Frame) {
		w.send(wire.Frame{Type: wire.Result, Flags: wire.FlagBulk, ID: f.ID, Body: []byte("short")})
	},
	"bulk empty": func(w *far, f wire.Frame) { // nobody has written there
		_ = os.NewFile(6, "shared").Truncate(0)
		w.bulk(f, wire.ResultsAt, 1<<20)
	},
	"item": func(w *far, f wire.Frame) { w.send(wire.Frame{Type: wire.Item, ID: f.ID, Body: []byte("1")}) },
	"item late": func(w *far, f wire.Frame) {
		w.send(wire.Frame{Type: wire.Result, ID: f.ID, Body: []byte("42")})
		w.send(wire.Frame{Type: wire.Item, ID: f.ID, Body: []byte("1")})
	},
	"items kind": func(w *far, f wire.Frame) {
		w.send(wire.Frame{Type: wire.Item, Arg: 9, ID: f.ID, Body: []byte("1")})
	},
	"items endless": func(w *far, f wire.Frame) {
		for {
			w.send(wire.Frame{Type: wire.Item, ID: f.ID, Body: []byte("1")})
		}
	},
	"items large": func(w *far, f wire.Frame) {
		for {
			w.send(wire.Frame{Type: wire.Item, ID: f.ID, Arg: wire.KindError, Body: make([]byte, 1<<20)})
		}
	},
	"items stop": func(w *far, f wire.Frame) {
		w.send(wire.Frame{Type: wire.Item, ID: f.ID, Body: []byte("1")})
		time.Sleep(time.Hour)
	},
	"taken": func(w *far, f wire.Frame) {
		body := wire.AppendCall(nil, wire.Ext{Parent: f.ID}, "double")
		w.send(wire.Frame{Type: wire.Call, Flags: wire.FlagExt | wire.FlagStream, ID: 1, Body: append(body, '1')})
		w.send(wire.Frame{Type: wire.Taken, ID: 1, Arg: 1})
	},
	"two calls": func(w *far, f wire.Frame) {
		w.call(1, f.ID, "double", []byte("1"))
		w.call(1, f.ID, "double", []byte("1"))
	},
	"names": func(w *far, f wire.Frame) {
		if len(f.Body) == 0 { // one of its own
			w.send(wire.Frame{Type: wire.Result, ID: f.ID, Body: []byte("42")})
			return
		}
		for i := range 600 { // more than one worker may have, and together more than all may
			long := ""
			if i%10 == 0 {
				long = strings.Repeat("x", 60_000)
			}
			w.call(uint64(i)+1, f.ID, fmt.Sprintf("%s %d of %d", long, i, os.Getpid()), nil)
		}
		w.send(wire.Frame{Type: wire.Result, ID: f.ID, Body: []byte("42")})
	},
	"calls": func(w *far, f wire.Frame) {
		body := make([]byte, 64<<10)
		for i := uint64(1); ; i++ {
			w.call(i, f.ID, "double", body)
			if i == 2000 { // as much as the pool keeps
				body = body[:1<<10]
			}
		}
	},
	"unread replies": func(w *far, f wire.Frame) { // it calls itself for results that it does not read
		if len(f.Body) > 0 && f.Body[0] == 'r' {
			w.send(wire.Frame{Type: wire.Result, Arg: wire.KindRaw, ID: f.ID, Body: make([]byte, 250<<10)})
			return
		}
		for i := uint64(1); ; i++ {
			w.call(i, f.ID, "double", []byte("r"))
		}
	},
}
