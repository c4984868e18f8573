package procpool

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"time"
)

// PIDs returns the processes of the workers that are ready.
func (p *Pool) PIDs() []int {
	p.in.Lock()
	defer p.in.Unlock()
	var pids []int
	for _, w := range p.live() {
		if w.ready {
			pids = append(pids, w.proc.Pid)
		}
	}
	return pids
}

// Kill signals the i-th of the ready workers' processes; false: there is none.
func (p *Pool) Kill(i int, signal os.Signal) bool {
	p.in.Lock()
	defer p.in.Unlock()
	for _, w := range p.live() {
		if !w.ready {
			continue
		}
		if i--; i < 0 {
			w.mu.Lock()
			defer w.mu.Unlock()
			return !w.reaped && w.proc.Signal(signal) == nil
		}
	}
	return false
}

// FakeWorker is a worker that misbehaves as mode says.
func FakeWorker(mode string) {
	m, err := parseMarker(os.Getenv(envMarker))
	if err != nil {
		panic(err)
	}
	in, out := inherit(m.in, "in"), inherit(m.out, "out")
	write := func(data []byte) { _, _ = out.Write(data) }
	hello := greeting{Magic: magic, Version: version, Nonce: m.nonce, Codec: codecJSON, PID: os.Getpid()}
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
		write(appendLength(frame{typ: frameHello}, 1<<31))
		time.Sleep(time.Hour)
	case "version":
		hello.Version = 99
	case "nonce":
		hello.Nonce = "another"
	case "magic":
		hello.Magic = "ssh"
	}
	body, _ := json.Marshal(hello)
	write(append(appendHeader(nil, frame{typ: frameHello, body: body}), body...))
	r := &frameReader{limit: 1 << 20}
	for {
		f, ok, err := r.next()
		if err != nil {
			panic(err)
		}
		if !ok {
			n, err := in.Read(r.room())
			if err != nil {
				os.Exit(0)
			}
			r.fed(n)
			continue
		}
		if f.typ != frameTask {
			continue
		}
		switch mode {
		case "garbage later":
			write(bytes.Repeat([]byte{0xff}, 100))
		case "long later":
			write(appendLength(frame{typ: frameResult, id: f.id}, 1<<31))
		case "exit in mid-frame":
			write(appendLength(frame{typ: frameResult, id: f.id}, 100))
			os.Exit(5)
		case "another task":
			write(appendHeader(nil, frame{typ: frameResult, id: f.id + 1000}))
		case "wrong output":
			write(append(appendHeader(nil, frame{typ: frameResult, id: f.id, body: []byte("{}")}), "{}"...))
		default:
			write(append(appendHeader(nil, frame{typ: frameResult, id: f.id, body: []byte("42")}), "42"...))
		}
	}
}

// appendLength returns the header of f with another length.
func appendLength(f frame, length uint32) []byte {
	h := appendHeader(nil, f)
	h[0], h[1], h[2], h[3] = byte(length), byte(length>>8), byte(length>>16), byte(length>>24)
	return h
}
