package procpool

import (
	"archive/zip"
	"bytes"
	"embed"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"github.com/quartet-go/quartet/procpool/internal/wire"
)

// The reference workers.
var (
	//go:embed python/quartet_worker/*.py
	pythonFiles embed.FS
	//go:embed node/quartet-worker/*.js
	nodeFiles embed.FS
	//go:embed python/boot.py
	pythonBoot string
	//go:embed node/boot.js
	nodeBoot string
)

// script is a program for an interpreter, and what runs it there. path is absolute; runtime makes
// the part of Boot that all scripts of a language share.
type script struct {
	path    string
	runtime func() (wire.Boot, error)
}

// newScript keeps the absolute path, as New and Reload may run in another directory.
func newScript(path string, runtime func() (wire.Boot, error)) *script {
	if abs, err := filepath.Abs(path); err == nil { // else the current directory is gone
		path = abs
	}
	return &script{path, runtime}
}

// load reads the script: one text for all workers, whatever happens to the file. Of a nil script it
// is nil. New and each Reload call it. Each gets a Boot of its own, as Keep adds the modules of one
// version to it.
func (s *script) load() (*wire.Boot, error) {
	if s == nil {
		return nil, nil
	}
	boot, err := s.runtime()
	if err == nil {
		boot.Path = s.path
		boot.Text, err = os.ReadFile(s.path)
	}
	if err != nil {
		return nil, fmt.Errorf("procpool: reading the script: %w", err)
	}
	return &boot, nil
}

// pythonRuntime is the package quartet_worker as a zip file, from which Python imports. Workers of
// all pools get the same bytes, which nobody changes.
var pythonRuntime = sync.OnceValues(func() (wire.Boot, error) {
	var archive bytes.Buffer
	w := zip.NewWriter(&archive)
	err := fs.WalkDir(pythonFiles, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := pythonFiles.ReadFile(path)
		if err != nil {
			return err
		}
		to, err := w.CreateHeader(&zip.FileHeader{Name: path[len("python/"):]}) // stored: Python may lack zlib
		if err != nil {
			return err
		}
		_, err = to.Write(data)
		return err
	})
	if err == nil {
		err = w.Close()
	}
	return wire.Boot{Archive: archive.Bytes()}, err
})

// nodeRuntime is the modules of the worker in Node. boot.js loads each by its name here.
var nodeRuntime = sync.OnceValues(func() (wire.Boot, error) {
	files := make(map[string]string)
	names, err := fs.Glob(nodeFiles, "node/quartet-worker/*.js")
	for _, name := range names {
		var data []byte
		if data, err = nodeFiles.ReadFile(name); err != nil {
			break
		}
		files["./"+filepath.Base(name)] = string(data)
	}
	return wire.Boot{Files: files}, err
})
