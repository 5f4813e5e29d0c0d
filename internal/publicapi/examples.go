package publicapi

import (
	"go/ast"
	"go/doc"
	"go/types"
	"slices"
)

// called lists methods of foreign interfaces: the standard library, gRPC or an Azure SDK calls
// them, not the program of a reader.
var called = []string{
	"CloseIdleConnections", "Do", "Error", "Format", "GetRequestMetadata", "LogValue", "MarshalJSON", "NonRetriable",
	"RequireTransportSecurity", "RoundTrip", "ServeHTTP", "String", "Timeout", "Unwrap",
}

// Faults returns what is missing on the package's page, each in one line:
//
//   - an example of the package as a whole;
//   - functions and methods (except those that only others call) without an example that uses them
//     at themselves or at their type;
//   - types that no example of the package uses;
//   - examples without an output, which the go command compiles but does not run.
func (p *Package) Faults() []string {
	var faults []string
	miss := func(name, what string) { faults = append(faults, p.page.Name+name+": "+what) }
	if !p.use(p.page.Examples).any {
		miss("", "no example of the package as a whole (func Example)")
	}
	for _, f := range p.page.Funcs {
		if !p.use(f.Examples).names[f.Name] {
			miss("."+f.Name, "no example at it uses it")
		}
	}
	all := p.use(doc.Examples(p.tests...)).names
	for _, t := range p.page.Types {
		if !all[t.Name] {
			miss("."+t.Name, "no example of the package uses it")
		}
		atType := p.use(t.Examples).names
		for _, f := range t.Funcs {
			if !atType[f.Name] && !p.use(f.Examples).names[f.Name] {
				miss("."+f.Name, "no example at it, or at "+t.Name+", uses it")
			}
		}
		for _, m := range t.Methods {
			name := t.Name + "." + m.Name
			if !atType[name] && !p.use(m.Examples).names[name] && !slices.Contains(called, m.Name) {
				miss("."+name, "no example at it, or at "+t.Name+", uses it")
			}
		}
	}
	for _, e := range doc.Examples(p.tests...) {
		if e.Output == "" && !e.EmptyOutput {
			miss("", "Example"+e.Name+" has no output, so that it does not run")
		}
	}
	return faults
}

// A use lists what some examples use of their package.
type use struct {
	any   bool            // there is an example
	names map[string]bool // functions, types, and methods as in "Client.Token"
}

func (p *Package) use(examples []*doc.Example) use {
	u := use{any: len(examples) > 0, names: map[string]bool{}}
	for _, e := range examples {
		ast.Inspect(e.Code, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.Ident:
				if o := p.uses.Uses[n]; o != nil && o.Pkg() != nil && o.Pkg().Path() == p.Path && o.Parent() == o.Pkg().Scope() {
					u.names[o.Name()] = true
				}
			case *ast.SelectorExpr:
				if s := p.uses.Selections[n]; s != nil {
					u.names[p.typeName(s.Recv())+"."+n.Sel.Name] = true
				}
			}
			if x, ok := n.(ast.Expr); ok {
				u.names[p.typeName(p.uses.Types[x].Type)] = true
			}
			return true
		})
	}
	return u
}

// typeName returns the name of a type of the package, also for a pointer to it and for a slice of
// it, and "" for other types.
func (p *Package) typeName(t types.Type) string {
	switch t := t.(type) {
	case *types.Pointer:
		return p.typeName(t.Elem())
	case *types.Slice:
		return p.typeName(t.Elem())
	case *types.Named:
		if t.Obj().Pkg() != nil && t.Obj().Pkg().Path() == p.Path {
			return t.Obj().Name()
		}
	}
	return ""
}
