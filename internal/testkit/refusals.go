package testkit

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"gin-blog/models"
)

// sourceFiles parses the Go files of a folder of the module.
func sourceFiles(t testing.TB, folder string) (files []*ast.File) {
	t.Helper()
	root := "."
	for _, err := os.Stat("go.mod"); err != nil; _, err = os.Stat(filepath.Join(root, "go.mod")) {
		root = filepath.Join(root, "..")
	}
	names, err := filepath.Glob(filepath.Join(root, folder, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	return files
}

// Kinds returns the kinds of refusals that package models declares, by name.
func Kinds(t testing.TB) map[string]models.Kind {
	t.Helper()
	found := map[string]models.Kind{}
	for _, file := range sourceFiles(t, "models") {
		for _, declaration := range file.Decls {
			block, ok := declaration.(*ast.GenDecl)
			if !ok || block.Tok != token.CONST {
				continue
			}
			first, isKind := block.Specs[0].(*ast.ValueSpec).Type.(*ast.Ident)
			for i, spec := range block.Specs {
				if isKind && first.Name == "Kind" {
					found[spec.(*ast.ValueSpec).Names[0].Name] = models.Kind(i)
				}
			}
		}
	}
	return found
}

// Refusals returns every error that the program makes with models.NewError.
func Refusals(t testing.TB) (found []*models.Error) {
	t.Helper()
	kinds := Kinds(t)
	for _, folder := range []string{"models", "internal/answer", "internal/auth", "blog", "middleware", "routes"} {
		for _, file := range sourceFiles(t, folder) {
			ast.Inspect(file, func(node ast.Node) bool {
				call, ok := node.(*ast.CallExpr)
				if !ok || len(call.Args) != 2 || lastName(call.Fun) != "NewError" {
					return true
				}
				kind, known := kinds[lastName(call.Args[0])]
				literal, isLiteral := call.Args[1].(*ast.BasicLit)
				if !known || !isLiteral {
					return true
				}
				message, err := strconv.Unquote(literal.Value)
				if err != nil {
					t.Fatal(err)
				}
				found = append(found, &models.Error{Kind: kind, Message: message})
				return true
			})
		}
	}
	if len(found) < 15 {
		t.Fatalf("only %d refusals were found", len(found))
	}
	return found
}

// lastName returns the name of an expression, without its package.
func lastName(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return e.Sel.Name
	default:
		return ""
	}
}
