package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// tree is a module with changed files: an overlay. The module's own folder stays untouched, so
// breaks can be tried side by side, and what a break does not touch comes out of the build cache.
type tree struct {
	root    string
	changed map[string]string // code by path
	written map[string]string // the path by that of the file that has the changed code
}

// broke returns the module in root with all the edits made, each on the result of those before.
func broke(root string, edits []edit) (*tree, error) {
	t := &tree{root: root, changed: map[string]string{}}
	for _, e := range edits {
		path, code, err := e.made(t)
		if err != nil {
			return nil, err
		}
		t.changed[path] = code
	}
	return t, nil
}

func (t *tree) read(path string) (string, error) {
	if code, ok := t.changed[path]; ok {
		return code, nil
	}
	code, err := os.ReadFile(path)
	return string(code), err
}

// write puts the changed files into dir and returns the file for go test -overlay.
func (t *tree) write(dir string) (overlay string, err error) {
	replace := map[string]string{}
	t.written = map[string]string{}
	for path, code := range t.changed {
		copied := filepath.Join(dir, fmt.Sprintf("%d_%s", len(replace), filepath.Base(path)))
		if err := os.WriteFile(copied, []byte(code), 0o666); err != nil {
			return "", err
		}
		replace[path], t.written[copied] = copied, path
	}
	data, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	overlay = filepath.Join(dir, "overlay.json")
	return overlay, os.WriteFile(overlay, data, 0o666)
}

// packages returns the packages with changed files, as go test names them.
func (t *tree) packages() []string {
	seen := map[string]bool{}
	var all []string
	for path := range t.changed {
		rel, err := filepath.Rel(t.root, filepath.Dir(path))
		if err == nil && !seen[rel] {
			seen[rel] = true
			all = append(all, "./"+filepath.ToSlash(rel))
		}
	}
	return all
}
