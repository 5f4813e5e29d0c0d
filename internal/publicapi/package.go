package publicapi

import (
	"go/ast"
	"go/doc"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"path/filepath"
)

// A Package is one that other modules import, with the examples of its external tests.
type Package struct {
	Path string

	page  *doc.Package
	uses  types.Info // of the examples
	tests []*ast.File
}

// Load returns the public packages of the module in dir.
func Load(dir string) ([]*Package, error) {
	paths, err := public(dir)
	if err != nil {
		return nil, err
	}
	all, err := list(dir, append([]string{"-export", "-deps", "-test"}, paths...)...)
	if err != nil {
		return nil, err
	}
	listed := make(map[string]listing, len(all))
	for _, p := range all {
		listed[p.ImportPath] = p
	}
	packages := make([]*Package, 0, len(paths))
	for _, path := range paths {
		p, err := load(listed, path)
		if err != nil {
			return nil, err
		}
		packages = append(packages, p)
	}
	return packages, nil
}

func load(listed map[string]listing, path string) (*Package, error) {
	files := token.NewFileSet()
	source, err := parse(files, listed[path])
	if err != nil {
		return nil, err
	}
	p := &Package{Path: path, uses: types.Info{
		Uses:       map[*ast.Ident]types.Object{},
		Types:      map[ast.Expr]types.TypeAndValue{},
		Selections: map[*ast.SelectorExpr]*types.Selection{},
	}}
	if test, ok := listed[path+"_test ["+path+".test]"]; ok {
		if p.tests, err = parse(files, test); err != nil {
			return nil, err
		}
		lookup := func(path string) (io.ReadCloser, error) {
			if to, ok := test.ImportMap[path]; ok {
				path = to
			}
			return os.Open(listed[path].Export)
		}
		config := types.Config{Importer: importer.ForCompiler(files, "gc", lookup)}
		if _, err := config.Check(path+"_test", files, p.tests, &p.uses); err != nil {
			return nil, err
		}
	}
	p.page, err = doc.NewFromFiles(files, append(source, p.tests...), path)
	return p, err
}

func parse(files *token.FileSet, from listing) ([]*ast.File, error) {
	var parsed []*ast.File
	for _, name := range from.GoFiles {
		if !filepath.IsAbs(name) {
			name = filepath.Join(from.Dir, name)
		}
		f, err := parser.ParseFile(files, name, nil, parser.ParseComments)
		if err != nil {
			return nil, err
		}
		parsed = append(parsed, f)
	}
	return parsed, nil
}
