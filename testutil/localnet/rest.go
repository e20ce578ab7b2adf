package localnet

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// REST asks a node's gRPC gateway and reads plain JSON: whoever checks a chain with it does not share the chain's Go types.
type REST struct {
	// URL of the gateway, e.g. http://127.0.0.1:1317.
	URL string
	// Height of the state to ask for; 0 is the latest.
	Height int64
}

// StatusError is an answer other than 200.
type StatusError struct {
	Path string
	Code int
	Body string
}

func (e *StatusError) Error() string {
	return fmt.Sprintf("GET %s: HTTP %d: %s", e.Path, e.Code, e.Body)
}

var restClient = &http.Client{Timeout: 15 * time.Second}

// At asks for the state of one height.
func (r REST) At(height int64) REST { return REST{URL: r.URL, Height: height} }

// Get decodes the answer to path into out.
func (r REST) Get(ctx context.Context, path string, out any) error {
	body, err := r.raw(ctx, path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(body, out); err != nil {
		return fmt.Errorf("GET %s: %w in %.300s", path, err, body)
	}
	return nil
}

func (r REST) raw(ctx context.Context, path string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(r.URL, "/")+path, nil)
	if err != nil {
		return nil, err
	}
	if r.Height > 0 {
		req.Header.Set("x-cosmos-block-height", strconv.FormatInt(r.Height, 10))
	}
	res, err := restClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, fmt.Errorf("GET %s: %w", path, err)
	}
	if res.StatusCode != http.StatusOK {
		return nil, &StatusError{Path: path, Code: res.StatusCode, Body: strings.TrimSpace(string(body))}
	}
	return body, nil
}

// All collects a list over all pages. field names the list in the answer.
func All[T any](ctx context.Context, r REST, path, field string) ([]T, error) {
	var items []T
	key := ""
	for {
		page := path + "?pagination.limit=100"
		if key != "" {
			page += "&pagination.key=" + url.QueryEscape(key)
		}
		var answer map[string]json.RawMessage
		if err := r.Get(ctx, page, &answer); err != nil {
			return nil, err
		}
		var part []T
		var pagination struct {
			NextKey string `json:"next_key"`
		}
		if err := decodeField(answer, field, &part); err != nil {
			return nil, fmt.Errorf("GET %s: %w", path, err)
		}
		if err := decodeField(answer, "pagination", &pagination); err != nil {
			return nil, fmt.Errorf("GET %s: %w", path, err)
		}
		items = append(items, part...)
		if key = pagination.NextKey; key == "" {
			return items, nil
		}
	}
}

func decodeField(answer map[string]json.RawMessage, field string, out any) error {
	raw, ok := answer[field]
	if !ok {
		return fmt.Errorf("the answer has no field %q", field)
	}
	return json.Unmarshal(raw, out)
}

// Uint is an unsigned integer as the gateway writes it: 64-bit numbers are strings there, smaller ones numbers.
type Uint uint64

// UnmarshalJSON reads both forms.
func (u *Uint) UnmarshalJSON(bz []byte) error {
	n, err := strconv.ParseUint(strings.Trim(string(bz), `"`), 10, 64)
	if err != nil {
		return fmt.Errorf("want an unsigned integer: %w", err)
	}
	*u = Uint(n)
	return nil
}

// LatestHeight is the last one whose state can be asked. The latest block is none such: it is stored before it is applied.
func (r REST) LatestHeight(ctx context.Context) (int64, error) {
	var answer struct {
		Height Uint `json:"height"`
	}
	err := r.Get(ctx, "/cosmos/base/node/v1beta1/status", &answer)
	return int64(answer.Height), err
}
