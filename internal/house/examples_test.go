package house_test

import (
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// public are the packages that programs import.
var public = []string{
	".", "workerpool", "eventloop", "procpool", "gil", "inspect", "natspool", "natspool/natsembed",
	"contrib/http", "contrib/otel", "contrib/prometheus",
}

// contract are the methods of interfaces, which their interface explains: the standard library's,
// quartet.Executor's, and what quartet.As finds at every executor.
var contract = strings.Fields(`Error Unwrap Is String ServeHTTP Describe Collect
	SubmitTask SubmitCall Shutdown Close Stats Name Tasks Watch Ahead MayWait Run Abandon Append Decode
	Observe Remark Simulate`)

// excuses say of symbols without an example why they need none.
var excuses = map[string]string{
	"it returns a field": `eventloop.Conn.LocalAddr eventloop.Conn.RemoteAddr eventloop.Conn.NetConn
		eventloop.Listener.Done eventloop.Listener.Err gil.Queue.Len inspect.Task.Title
		gil.Report.PerSecond procpool.IsWorker`,
	"a program in examples or contrib shows it, with a test": `procpool.DefineService procpool.NewReplicas
		procpool.Replicas.Restarts procpool.WorkerAround gil.Machine.Scaled gil.Narrow gil.Wide`,
	"one beside it has an example, and it is used alike": `eventloop.Conn.SetDeadline eventloop.Conn.SetWriteDeadline
		eventloop.WebSocket.Ping procpool.WorkerExit procpool.Pool.ExpectedWait natspool.RegisterError
		natspool.RegisterErrorType gil.CPython27 gil.CPython314t gil.Interval313 gil.OCaml4 gil.Ruby31 gil.Ruby33
		gil.Ticks gil.Cond.Broadcast gil.Lock.TryLock gil.LoadFigures.Series`,
	"its numbers differ from run to run; inspect shows them": `procpool.Pool.Restarts`,
}

// An exported function or method of weight is used in an example whose output is checked.
func TestExamplesShowEverySymbolOfWeight(t *testing.T) {
	excused := map[string]bool{}
	for _, names := range excuses {
		for name := range strings.FieldsSeq(names) {
			excused[name] = true
		}
	}
	var missing []string
	for _, path := range public {
		files := parsed(t, path)
		shown := shownIn(files)
		for _, name := range functions(files) {
			method := name[strings.LastIndex(name, ".")+1:]
			full := strings.TrimPrefix(strings.ReplaceAll(path, "/", ".")+"."+name, "..")
			switch {
			case slices.Contains(contract, method):
			case excused[full]:
				delete(excused, full)
			case !shown[method]:
				missing = append(missing, full)
			}
		}
	}
	require.Empty(t, missing, "no example shows these")
	require.Empty(t, excused, "these are excused, and do not exist")
}

// parsed returns the files of a package for linux, its tests included, by name.
func parsed(t *testing.T, path string) map[string]*ast.File {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(root, path, "*.go"))
	require.NoError(t, err)
	require.NotEmpty(t, names, path)
	files := map[string]*ast.File{}
	for _, name := range names {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
		require.NoError(t, err)
		files[name] = file
	}
	return files
}

// shownIn are the names that examples with checked output select.
func shownIn(files map[string]*ast.File) map[string]bool {
	shown := map[string]bool{}
	for name, file := range files {
		if !strings.HasSuffix(name, "_test.go") {
			continue
		}
		for _, example := range doc.Examples(file) {
			if example.Output == "" && !example.EmptyOutput {
				continue
			}
			shown[example.Name[strings.LastIndex(example.Name, "_")+1:]] = true
			ast.Inspect(example.Code, func(n ast.Node) bool {
				if s, ok := n.(*ast.SelectorExpr); ok {
					shown[s.Sel.Name] = true
				}
				return true
			})
		}
	}
	return shown
}

// functions are the exported functions, and the methods of exported types as Type.Method.
func functions(files map[string]*ast.File) (names []string) {
	for name, file := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		for _, d := range file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || !f.Name.IsExported() {
				continue
			}
			if f.Recv == nil {
				names = append(names, f.Name.Name)
			} else if of := receiver(f.Recv.List[0].Type); ast.IsExported(of) {
				names = append(names, of+"."+f.Name.Name)
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// receiver is the name of a method's type.
func receiver(of ast.Expr) string {
	switch x := of.(type) {
	case *ast.StarExpr:
		return receiver(x.X)
	case *ast.IndexExpr:
		return receiver(x.X)
	case *ast.IndexListExpr:
		return receiver(x.X)
	case *ast.Ident:
		return x.Name
	}
	return ""
}
