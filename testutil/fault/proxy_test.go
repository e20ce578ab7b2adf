package fault_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	"github.com/topnetwork/top/testutil/fault"
)

func TestRPCProxyBreaksAnswers(t *testing.T) {
	height := "7"
	node := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"jsonrpc":"2.0","id":1,"result":{"height":"`+height+`","app_hash":"AB"}}`)
	}))
	defer node.Close()
	p := fault.NewRPC(node.URL)
	defer p.Close()
	client := &http.Client{Timeout: 2 * time.Second}
	ask := func() (string, error) {
		res, err := client.Post(p.URL, "application/json", bytes.NewBufferString(`{"jsonrpc":"2.0","id":1,"method":"status"}`))
		if err != nil {
			return "", err
		}
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		return string(body), err
	}
	honest, err := ask()
	require.NoError(t, err)
	require.Contains(t, honest, `"height":"7"`)
	require.Equal(t, 1, p.Asked())

	p.Set(fault.Garbage)
	body, err := ask()
	require.NoError(t, err)
	require.NotContains(t, body, "height")
	p.Set(fault.Truncated)
	_, err = ask()
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	p.Set(fault.Lying)
	body, err = ask()
	require.NoError(t, err)
	require.Contains(t, body, `"app_hash":"1B"`)
	p.Set(fault.Old)
	_, err = ask()
	require.NoError(t, err)
	height = "9"
	body, err = ask()
	require.NoError(t, err)
	require.Contains(t, body, `"height":"7"`)
	p.Set(fault.Stalled)
	client.Timeout = 100 * time.Millisecond
	_, err = ask()
	require.Error(t, err)
	require.Equal(t, 1, p.Asked())
	p.Set(fault.Honest)
	client.Timeout = 2 * time.Second
	body, err = ask()
	require.NoError(t, err)
	require.Contains(t, body, `"height":"9"`)
}

func TestGRPCProxyShowsEveryCallTwice(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	srv := grpc.NewServer()
	healthpb.RegisterHealthServer(srv, health.NewServer())
	go func() { _ = srv.Serve(listener) }()
	defer srv.Stop()
	var calls []fault.Call
	var refuse error
	lie := false
	p, err := fault.NewGRPC(listener.Addr().String(), func(_ context.Context, c fault.Call) error {
		calls = append(calls, c)
		if c.Answered {
			if lie {
				*c.Answer = nil
			}
			return refuse
		}
		return nil
	})
	require.NoError(t, err)
	conn, err := grpc.NewClient(p.Address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	client := healthpb.NewHealthClient(conn)
	res, err := client.Check(t.Context(), &healthpb.HealthCheckRequest{})
	require.NoError(t, err)
	require.Equal(t, healthpb.HealthCheckResponse_SERVING, res.Status)
	require.Len(t, calls, 2)
	require.Equal(t, "/grpc.health.v1.Health/Check", calls[0].Method)
	require.False(t, calls[0].Answered)
	require.True(t, calls[1].Answered)

	lie = true
	res, err = client.Check(t.Context(), &healthpb.HealthCheckRequest{})
	require.NoError(t, err)
	require.Equal(t, healthpb.HealthCheckResponse_UNKNOWN, res.Status, "an answer that the hook changed")
	lie = false
	_, err = client.Check(t.Context(), &healthpb.HealthCheckRequest{Service: "unknown"})
	require.Equal(t, codes.NotFound, status.Code(err), "the node's own refusals pass")
	refuse = status.Error(codes.Aborted, "for the test")
	_, err = client.Check(t.Context(), &healthpb.HealthCheckRequest{})
	require.Equal(t, codes.Aborted, status.Code(err))
	require.NoError(t, errors.Join(conn.Close(), p.Close()))
}
