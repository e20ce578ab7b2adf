package archtest

import (
	"go/ast"
	"go/types"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/tools/go/packages"
)

// reasonMarker on a line, followed by a reason, lets that line do what is otherwise banned.
const reasonMarker = "//determinism:"

// A state machine must do the same on every node: no goroutine, no float, no walk over a map. Clocks and randomness are the linter's part (.golangci.yml).
func TestStateMachinesAreDeterministic(t *testing.T) {
	pkgs, err := packages.Load(&packages.Config{
		Mode: packages.NeedName | packages.NeedFiles | packages.NeedSyntax | packages.NeedTypes | packages.NeedTypesInfo | packages.NeedImports | packages.NeedExportFile,
		Dir:  "../..",
	}, "./x/...", "./app/...", "./protocol/...")
	require.NoError(t, err)
	require.NotEmpty(t, pkgs)
	for _, pkg := range pkgs {
		require.Empty(t, pkg.Errors, pkg.PkgPath)
		for _, file := range pkg.Syntax {
			name := pkg.Fset.Position(file.Pos()).Filename
			if strings.HasSuffix(name, ".pb.go") || strings.HasSuffix(name, ".pb.gw.go") {
				continue
			}
			excused := map[int]bool{}
			for _, group := range file.Comments {
				for _, c := range group.List {
					if reason, ok := strings.CutPrefix(c.Text, reasonMarker); ok && strings.TrimSpace(reason) != "" {
						excused[pkg.Fset.Position(c.Pos()).Line] = true
					}
				}
			}
			ast.Inspect(file, func(n ast.Node) bool {
				if n == nil {
					return true
				}
				pos := pkg.Fset.Position(n.Pos())
				if excused[pos.Line] {
					return true
				}
				switch n := n.(type) {
				case *ast.GoStmt:
					t.Errorf("%s: goroutine in a state machine", pos)
				case *ast.RangeStmt:
					if tv, ok := pkg.TypesInfo.Types[n.X]; ok {
						if _, isMap := tv.Type.Underlying().(*types.Map); isMap {
							t.Errorf("%s: map order differs from node to node; sort the keys (or mark the line %s reason)", pos, reasonMarker)
						}
					}
				case *ast.Ident:
					if obj := pkg.TypesInfo.Uses[n]; obj != nil && (obj == types.Universe.Lookup("float64") || obj == types.Universe.Lookup("float32")) {
						t.Errorf("%s: floats round differently; use integers", pos)
					}
				}
				return true
			})
		}
	}
}
