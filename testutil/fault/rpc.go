package fault

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"sync"
	"time"
)

// Mode is how an RPC proxy treats answers.
type Mode string

// Modes of an RPC proxy.
const (
	// Honest passes everything on.
	Honest Mode = "honest"
	// Garbage answers bytes that are no JSON.
	Garbage Mode = "garbage"
	// Truncated ends each answer in its middle, with the length of the whole.
	Truncated Mode = "truncated"
	// Stalled answers nothing until the client gives up.
	Stalled Mode = "stalled"
	// Old answers with the status of the moment the mode was set.
	Old Mode = "old"
	// Lying changes the roots, signatures' subjects and packets in answers.
	Lying Mode = "lying"
)

// RPC is a proxy between a client and a node's CometBFT RPC that breaks answers on purpose.
type RPC struct {
	// URL that the client is given.
	URL string

	upstream string
	client   *http.Client
	server   *httptest.Server

	mu     sync.Mutex
	mode   Mode
	asked  int
	status []byte
}

// NewRPC listens on loopback and passes requests on to a node's URL, honestly at first.
func NewRPC(upstream string) *RPC {
	p := &RPC{upstream: upstream, client: &http.Client{Timeout: 30 * time.Second}, mode: Honest}
	p.server = httptest.NewServer(p)
	p.URL = p.server.URL
	return p
}

// Close cuts every connection.
func (p *RPC) Close() {
	p.server.CloseClientConnections()
	p.server.Close()
}

// Set changes the mode and starts counting anew.
func (p *RPC) Set(mode Mode) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.mode, p.asked, p.status = mode, 0, nil
}

// Asked is how many requests came since the mode was set.
func (p *RPC) Asked() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.asked
}

// ServeHTTP answers one request in the proxy's mode.
func (p *RPC) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	mode := p.mode
	p.asked++
	p.mu.Unlock()
	request, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	switch mode {
	case Stalled:
		<-r.Context().Done()
		return
	case Garbage:
		_, _ = w.Write([]byte("\x00\xff<html>not what was asked for"))
		return
	}
	body, err := p.forward(r, request)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	switch mode {
	case Truncated:
		w.Header().Set("Content-Length", fmt.Sprint(len(body)))
		_, _ = w.Write(body[:len(body)/2])
		return
	case Old:
		body = p.freeze(request, body)
	case Lying:
		body = lie(body)
	}
	_, _ = w.Write(body)
}

func (p *RPC) forward(r *http.Request, request []byte) ([]byte, error) {
	req, err := http.NewRequestWithContext(r.Context(), r.Method, p.upstream, bytes.NewReader(request))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := p.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	return io.ReadAll(res.Body)
}

type envelope struct {
	Version string          `json:"jsonrpc"`
	ID      json.RawMessage `json:"id"`
	Method  string          `json:"method,omitempty"`
	Result  json.RawMessage `json:"result,omitempty"`
}

// freeze answers every status with the first one.
func (p *RPC) freeze(request, body []byte) []byte {
	var asked, answered envelope
	if json.Unmarshal(request, &asked) != nil || asked.Method != "status" || json.Unmarshal(body, &answered) != nil {
		return body
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.status == nil {
		p.status = answered.Result
	}
	answered.Result = p.status
	frozen, err := json.Marshal(answered)
	if err != nil {
		return body
	}
	return frozen
}

// Hexadecimal and base64 values whose first character a liar changes.
var lies = regexp.MustCompile(`("(?:app_hash|next_validators_hash)":"|"key":"encoded_(?:packet|acknowledgement)_hex","value":"|"value":")([0-9A-Za-z])`)

func lie(body []byte) []byte {
	return lies.ReplaceAllFunc(body, func(found []byte) []byte {
		changed := bytes.Clone(found)
		last := len(changed) - 1
		if changed[last] == '1' {
			changed[last] = '2'
		} else {
			changed[last] = '1'
		}
		return changed
	})
}
