package openapi_test

import (
	"encoding/json"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/app/openapi"
)

func get(t *testing.T, path string, modules ...string) *httptest.ResponseRecorder {
	t.Helper()
	rec := httptest.NewRecorder()
	openapi.Handler("topchaind", modules).ServeHTTP(rec, httptest.NewRequest(http.MethodGet, path, nil))
	return rec
}

func TestPageLoadsNothingFromElsewhere(t *testing.T) {
	rec := get(t, "/", "billing", "services")
	require.Equal(t, http.StatusOK, rec.Code)
	require.Contains(t, rec.Body.String(), `href="billing.json"`)
	require.Contains(t, rec.Body.String(), `["billing","services"]`, "the script gets the list")
	require.NotRegexp(t, `(?i)https?://|src=|@import`, rec.Body.String())
}

func TestOnlyTheChainsOwnModules(t *testing.T) {
	require.Equal(t, http.StatusOK, get(t, "/billing.json", "billing").Code)
	for _, path := range []string{"/usage.json", "/billing", "/../openapi.go", "/billing.swagger.json"} {
		require.Equal(t, http.StatusNotFound, get(t, path, "billing").Code, path)
	}
}

// Every route in the protos of a module is described, and nothing else.
func TestDocumentsDescribeEveryRoute(t *testing.T) {
	route := regexp.MustCompile(`(?:get|post): "([^"]+)"|\.get = "([^"]+)"`)
	matches, err := fs.Glob(os.DirFS("../../proto/top"), "*/v1/query.proto")
	require.NoError(t, err)
	require.Len(t, matches, len(openapi.Documented()), "a module with queries has no document: add it to scripts/proto.sh and Documented")
	for _, module := range openapi.Documented() {
		proto, err := os.ReadFile(filepath.Join("../../proto/top", module, "v1/query.proto"))
		require.NoError(t, err)
		var want []string
		for _, m := range route.FindAllStringSubmatch(string(proto), -1) {
			want = append(want, strings.ReplaceAll(m[1]+m[2], "=**", ""))
		}
		require.NotEmpty(t, want)
		bz, err := openapi.Document(module)
		require.NoError(t, err)
		var doc struct {
			Swagger string         `json:"swagger"`
			Paths   map[string]any `json:"paths"`
		}
		require.NoError(t, json.Unmarshal(bz, &doc))
		require.Equal(t, "2.0", doc.Swagger)
		var have []string
		for path := range doc.Paths {
			have = append(have, path)
		}
		require.ElementsMatch(t, want, have, module)
	}
}
