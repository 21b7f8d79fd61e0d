package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"testing"
)

// revealers are the functions that may see the text of a secret: those that
// build a request, the one that tells by a digest whether it has changed, and the
// one that keeps the token over a crash.
func revealers() map[string]bool {
	return map[string]bool{
		"source/yeastar/call.go: withToken":          true,
		"source/yeastar/tokens.go: refreshWith":      true,
		"source/yeastar/tokens.go: signInAnew":       true,
		"source/yeastar/handover.go: digestOfSecret": true,
		"source/httpapi/request.go: newRequest":      true,
		"source/superoffice/online.go: signIn":       true,
		"source/superoffice/key.go: signToken":       true,
		"config/superoffice.go: header":              true,
		"source/yeastar/tokens_file.go: save":        true, // token_file, which only its owner may read
	}
}

// A secret that is safe to print stays safe only while nobody takes its text
// out, so each place that does is listed, and one that does not any more is
// taken off the list.
func TestLesson02OnlyRequestsRevealASecret(t *testing.T) {
	found := make(map[string]bool)
	sources(t, func(file, _ string, _ []string) {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range parsed.Decls {
			where := file + ": a variable"
			if f, ok := decl.(*ast.FuncDecl); ok {
				where = file + ": " + f.Name.Name
			}
			ast.Inspect(decl, func(n ast.Node) bool {
				// A method that is only named, and called elsewhere, reveals as well.
				if s, ok := n.(*ast.SelectorExpr); ok && s.Sel.Name == "Reveal" {
					found[where] = true
				}
				return true
			})
		}
	})
	for where := range found {
		if !revealers()[where] {
			t.Errorf("%s reveals a secret", where)
		}
	}
	for where := range revealers() {
		if !found[where] {
			t.Errorf("%s does not reveal a secret any more: take it off the list", where)
		}
	}
}
