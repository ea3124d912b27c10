package tls

import (
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"
)

// exported returns the exported names that the package in dir declares.
func exported(t *testing.T, dir string) map[string]bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range f.Decls {
			for _, name := range declared(decl) {
				if ast.IsExported(name) {
					names[name] = true
				}
			}
		}
	}
	return names
}

func declared(decl ast.Decl) (names []string) {
	switch d := decl.(type) {
	case *ast.FuncDecl:
		if d.Recv == nil {
			names = append(names, d.Name.Name)
		}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			switch s := spec.(type) {
			case *ast.TypeSpec:
				names = append(names, s.Name.Name)
			case *ast.ValueSpec:
				for _, n := range s.Names {
					names = append(names, n.Name)
				}
			}
		}
	}
	return names
}

// A file that imports both packages must never be in doubt which one is meant.
func TestNoNameOfCryptoTLSIsExported(t *testing.T) {
	std, err := build.Default.Import("crypto/tls", ".", build.FindOnly)
	if err != nil {
		t.Fatal(err)
	}
	theirs, ours := exported(t, std.Dir), exported(t, ".")
	if !theirs["Config"] || !ours["Store"] {
		t.Fatalf("found %d and %d names", len(theirs), len(ours))
	}
	for name := range ours {
		if theirs[name] {
			t.Errorf("%s is a name of crypto/tls", name)
		}
	}
}
