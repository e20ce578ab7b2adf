// Package openapi serves the OpenAPI documents of the chain modules, generated from proto/ by scripts/proto.sh, and a page that shows them without
// loading anything from elsewhere.
package openapi

import (
	"embed"
	"html/template"
	"net/http"
	"slices"
	"strings"
)

//go:embed *.swagger.json
var documents embed.FS

//go:embed page.html
var pageText string

var page = template.Must(template.New("page").Parse(pageText))

// Documented modules that have a document.
func Documented() []string {
	return []string{"billing", "committees", "gate", "issuance", "lattice", "light", "operators", "services", "shards", "sortition", "stake", "usage", "zones"}
}

// Document of one module.
func Document(module string) ([]byte, error) { return documents.ReadFile(module + ".swagger.json") }

// Handler serves a page at / and the modules' documents at /MODULE.json. chain is what the page is called.
func Handler(chain string, modules []string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		name := strings.Trim(req.URL.Path, "/")
		if name == "" {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			// The page needs its own script and the documents; nothing else may be loaded or sent.
			w.Header().Set("Content-Security-Policy", "default-src 'none'; connect-src 'self'; script-src 'unsafe-inline'; style-src 'unsafe-inline'")
			_ = page.Execute(w, map[string]any{"Chain": chain, "Modules": modules})
			return
		}
		module, ok := strings.CutSuffix(name, ".json")
		if !ok || !slices.Contains(modules, module) {
			http.Error(w, "no such document; the page at /openapi/ lists them", http.StatusNotFound)
			return
		}
		bz, err := Document(module)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(bz)
	})
}
