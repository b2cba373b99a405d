package routes

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/gin-gonic/gin"

	"gin-blog/models"
)

// sourceFiles parses the Go files of a folder.
func sourceFiles(t *testing.T, folder string) (files []*ast.File) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(folder, "*.go"))
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

// kinds returns the kinds that package models declares, by name.
func kinds(t *testing.T) map[string]models.Kind {
	t.Helper()
	found := map[string]models.Kind{}
	for _, file := range sourceFiles(t, "../models") {
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

// refusals returns every error that the program makes with models.NewError.
func refusals(t *testing.T) (found []*models.Error) {
	t.Helper()
	kinds := kinds(t)
	for _, folder := range []string{"../models", "../auth", "../middleware", "."} {
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

func TestEveryKindHasAnAnswer(t *testing.T) {
	kinds := kinds(t)
	if kinds["Unavailable"] != models.Unavailable || len(kinds) != len(answers) {
		t.Errorf("the kinds are %v, and %d have an answer", kinds, len(answers))
	}
	for name, kind := range kinds {
		answer := answers[kind]
		if answer.status < 400 || answer.name == "" || (answer.status == 401) != (answer.challenge != "") {
			t.Errorf("the answer to %s is %+v", name, answer)
		}
	}
}

func TestErrorsKeepTheirCause(t *testing.T) {
	cause := errors.New("disk on fire")
	for _, err := range []error{
		cause,
		fmt.Errorf("create post: %w: %w", models.ErrUnavailable, cause),
		badRequest(cause, "The body did not arrive whole"),
		fmt.Errorf("read body: %w", errors.Join(cause, &http.MaxBytesError{Limit: 1})),
		fmt.Errorf("read body: %w: %w", cause, os.ErrDeadlineExceeded),
	} {
		if e := toHTTP(t.Context(), err); !errors.Is(e, cause) || e.message == "" || e.message == cause.Error() {
			t.Errorf("%v: the client is told %q, and the log %v", err, e.message, e)
		}
	}
}

func TestRefusedBodiesKeepTheirCause(t *testing.T) {
	bodies, err := newDecoder(6)
	if err != nil {
		t.Fatal(err)
	}
	for _, body := range []string{"{", `{"title":}`, "", `{"title":1}`, `{"nope":1}`} {
		c, _ := gin.CreateTestContext(httptest.NewRecorder())
		c.Request = httptest.NewRequest(http.MethodPost, "/posts", bytes.NewBufferString(body))
		c.Request.Header.Set("Content-Type", "application/json")
		err := bodies.decode(c, new(postRequest))
		if e, ok := errors.AsType[*httpError](err); !ok || e.cause == nil {
			t.Errorf("%q: %v has no cause", body, err)
		}
	}
}

// TestClientClosedRequest: only a client that hung up is said to have hung up.
func TestClientClosedRequest(t *testing.T) {
	ended, end := context.WithCancel(t.Context())
	end()
	canceled := fmt.Errorf("list posts: %w", context.Canceled)
	for _, c := range []struct {
		name string
		ctx  context.Context
		err  error
		want int
	}{
		{"the client hung up", ended, canceled, 499},
		{"another context ended", t.Context(), canceled, 500},
		{"the client hung up after another error", ended, models.ErrUnavailable, 503},
	} {
		if got := toHTTP(c.ctx, c.err).status; got != c.want {
			t.Errorf("%s: got %d, want %d", c.name, got, c.want)
		}
	}
}
