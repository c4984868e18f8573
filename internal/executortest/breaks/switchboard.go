package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
)

// To compile the module once for each break takes most of the time. So as many breaks as possible
// are in one binary: a broken function stands beside the true one, under a name of its own, and a
// function with the old name calls the one that the environment asks for.
//
//	func (r *Ring[T]) Push(p0 T) bool {
//		switch breaks_.On {
//		case 17:
//			return r.Push_17(p0)
//		}
//		return r.Push_0(p0)
//	}

const (
	switchPackage = "internal/executortest/breaks/on"
	switchCode    = `// Package on says which break is planted.
package on

import (
	"os"
	"strconv"
)

// On is its number, 0: none.
var On, _ = strconv.Atoi(os.Getenv("` + switchVariable + `"))
`
	switchVariable = "QUARTET_BREAK"
	switchImport   = `; import breaks_ "` + module + `/` + switchPackage + `"`
	module         = "github.com/quartet-go/quartet"
)

// function is a function of a file.
type function struct {
	decl     *ast.FuncDecl
	code     string
	name     int // where code has the name
	recovers bool
}

// parsed is a file as functions and the rest.
type parsed struct {
	functions map[string]function
	rest      string
	pack      int // where the package clause ends
}

func parse(code string) (*parsed, error) {
	files := token.NewFileSet()
	tree, err := parser.ParseFile(files, "", code, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	at := func(p token.Pos) int { return files.Position(p).Offset }
	p := &parsed{functions: map[string]function{}, pack: at(tree.Name.End())}
	end := 0
	for _, decl := range tree.Decls {
		f, ok := decl.(*ast.FuncDecl)
		if !ok || f.Name.Name == "init" || f.Body == nil {
			continue
		}
		from := at(f.Pos())
		p.functions[funcName(f)] = function{f, code[from:at(f.End())], at(f.Name.Pos()) - from, recovers(f)}
		p.rest += code[end:from] + funcName(f)
		end = at(f.End())
	}
	p.rest += code[end:]
	return p, nil
}

// recovers reports whether f itself calls recover: that works in no function that a deferred one
// calls.
func recovers(f *ast.FuncDecl) (does bool) {
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			return false
		case *ast.CallExpr:
			id, ok := n.Fun.(*ast.Ident)
			does = does || ok && id.Name == "recover"
		}
		return true
	})
	return does
}

// switchboard is the module with many breaks in it.
type switchboard struct {
	*tree
	variants map[string]map[string]map[int]function // by path, function and break
	starts   map[string][]variant                   // by path, in order
}

// variant is where a broken function begins.
type variant struct{ line, number int }

// add puts a break in. It reports false when it changes something that is no function, which can be
// planted alone only.
func (s *switchboard) add(number int, broken *tree) bool {
	changed := map[string]map[string]function{}
	for path, code := range broken.changed {
		whole, err := s.read(path)
		if err != nil {
			return false
		}
		before, err := parse(whole)
		if err != nil {
			return false
		}
		after, err := parse(code)
		if err != nil || before.rest != after.rest {
			return false
		}
		changed[path] = map[string]function{}
		for name, f := range after.functions {
			if f.code == before.functions[name].code {
				continue
			}
			if f.recovers || before.functions[name].recovers {
				return false
			}
			changed[path][name] = f
		}
	}
	for path, functions := range changed {
		for name, f := range functions {
			if s.variants[path] == nil {
				s.variants[path] = map[string]map[int]function{}
			}
			if s.variants[path][name] == nil {
				s.variants[path][name] = map[int]function{}
			}
			s.variants[path][name][number] = f
		}
	}
	return true
}

// drop takes a break out.
func (s *switchboard) drop(number int) {
	for _, functions := range s.variants {
		for _, variants := range functions {
			delete(variants, number)
		}
	}
}

// wire returns the changed files.
func (s *switchboard) wire() (*tree, error) {
	t := &tree{root: s.root, changed: map[string]string{
		filepath.Join(s.root, filepath.FromSlash(switchPackage), "on.go"): switchCode,
	}}
	s.starts = map[string][]variant{}
	for path, functions := range s.variants {
		code, err := s.read(path)
		if err != nil {
			return nil, err
		}
		whole, err := parse(code)
		if err != nil {
			return nil, err
		}
		code = code[:whole.pack] + switchImport + code[whole.pack:]
		for name, variants := range functions {
			if len(variants) == 0 {
				continue
			}
			f := whole.functions[name]
			code = strings.Replace(code, f.code, f.renamed(0), 1)
			code += "\n" + f.dispatcher(variants) + "\n"
			for number, v := range variants {
				s.starts[path] = append(s.starts[path], variant{strings.Count(code, "\n") + 1, number})
				code += v.renamed(number) + "\n"
			}
		}
		if strings.Contains(code, "breaks_.On") {
			t.changed[path] = code
		}
	}
	return t, nil
}

// at returns the break whose function is in that line of the wired file, 0: none.
func (s *switchboard) at(path string, line int) (number int) {
	for _, v := range s.starts[path] {
		if v.line <= line {
			number = v.number
		}
	}
	return number
}

func (f function) renamed(number int) string {
	end := f.name + len(f.decl.Name.Name)
	return fmt.Sprintf("%s_%d%s", f.code[:end], number, f.code[end:])
}

// dispatcher is the function with the old name.
func (f function) dispatcher(variants map[int]function) string {
	from := f.decl.Pos()
	text := func(n ast.Node) string { return f.code[n.Pos()-from : n.End()-from] }
	receiver, call := "", f.decl.Name.Name
	if f.decl.Recv != nil {
		receiver, call = "(r_ "+text(f.decl.Recv.List[0].Type)+") ", "r_."+call
	}
	kinds, kindNames := "", ""
	if k := f.decl.Type.TypeParams; k != nil {
		kinds = f.code[k.Opening-from : k.Closing-from+1]
		var names []string
		for _, field := range k.List {
			for _, id := range field.Names {
				names = append(names, id.Name)
			}
		}
		kindNames = "[" + strings.Join(names, ", ") + "]"
	}
	var takes, gives []string
	for _, field := range f.decl.Type.Params.List {
		for range max(1, len(field.Names)) {
			p := fmt.Sprintf("p%d", len(takes))
			takes = append(takes, p+" "+text(field.Type))
			if _, variadic := field.Type.(*ast.Ellipsis); variadic {
				p += "..."
			}
			gives = append(gives, p)
		}
	}
	results, before, after := "", "", "; return"
	if r := f.decl.Type.Results; r != nil {
		results, before, after = text(r)+" ", "return ", ""
	}
	to := func(number int) string {
		return fmt.Sprintf("%s%s_%d%s(%s)%s", before, call, number, kindNames, strings.Join(gives, ", "), after)
	}
	var code strings.Builder
	fmt.Fprintf(&code, "func %s%s%s(%s) %s{\n\tswitch breaks_.On {\n", receiver, f.decl.Name.Name, kinds,
		strings.Join(takes, ", "), results)
	numbers := make([]int, 0, len(variants))
	for number := range variants {
		numbers = append(numbers, number)
	}
	slices.Sort(numbers)
	for _, number := range numbers {
		fmt.Fprintf(&code, "\tcase %d:\n\t\t%s\n", number, to(number))
	}
	fmt.Fprintf(&code, "\t}\n\t%s\n}", to(0))
	return code.String()
}
