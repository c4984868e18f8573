package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"time"
)

//go:embed page
var page embed.FS

// site is the page's files by name.
type site map[string][]byte

// build compiles the models and writes the page.
func build(ctx context.Context) (site, error) {
	s := make(site)
	names, err := fs.Glob(page, "page/*")
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		if path.Ext(name) == ".html" {
			continue // a template
		}
		if s[path.Base(name)], err = page.ReadFile(name); err != nil {
			return nil, err
		}
	}
	if err := s.addEngine(ctx); err != nil {
		return nil, err
	}
	if err := s.addPictures(); err != nil {
		return nil, err
	}
	return s, s.addIndex()
}

// addEngine adds engine.js: the models and the worker in which they run. A page that was opened
// from a disk may neither fetch a file nor start a worker from one, but it may load a script.
func (s site) addEngine(ctx context.Context) error {
	wasm, err := compile(ctx)
	if err != nil {
		return err
	}
	exec, err := wasmExec(ctx)
	if err != nil {
		return err
	}
	engine, err := json.Marshal(map[string]string{
		"wasm":   base64.StdEncoding.EncodeToString(wasm),
		"worker": string(exec) + "\n" + string(s["worker.js"]),
	})
	if err != nil {
		return err
	}
	delete(s, "worker.js")
	s["engine.js"] = fmt.Appendf(nil, "Lab.engine = %s\nLab.ask.start()\n", engine)
	return nil
}

// compile returns the models as WebAssembly, compressed.
func compile(ctx context.Context) ([]byte, error) {
	dir, err := os.MkdirTemp("", "quartet-lab")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	out := filepath.Join(dir, "lab.wasm")
	const models = "github.com/quartet-go/quartet/examples/lab/internal/wasm"
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags=-s -w", "-o", out, models)
	cmd.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm", "CGO_ENABLED=0", "GOFLAGS=")
	if output, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("go build of the models: %w\n%s(run it inside of the module quartet)", err, output)
	}
	wasm, err := os.ReadFile(out)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := z.Write(wasm); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil { // it writes the last bytes
		return nil, err
	}
	return b.Bytes(), nil
}

// wasmExec returns the Go distribution's script that runs a Go program in a browser.
func wasmExec(ctx context.Context) ([]byte, error) {
	root, err := exec.CommandContext(ctx, "go", "env", "GOROOT").Output()
	if err != nil {
		return nil, fmt.Errorf("go env GOROOT: %w", err)
	}
	return os.ReadFile(filepath.Join(strings.TrimSpace(string(root)), "lib", "wasm", "wasm_exec.js"))
}

// export writes the files into a directory.
func (s site) export(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for name, data := range s {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
			return err
		}
	}
	fmt.Printf("open %s\n", filepath.Join(dir, "index.html"))
	return nil
}

// ServeHTTP implements [http.Handler].
func (s site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimPrefix(r.URL.Path, "/")
	if name == "" {
		name = "index.html"
	}
	data, ok := s[name]
	if !ok {
		http.NotFound(w, r)
		return
	}
	http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(data))
}
