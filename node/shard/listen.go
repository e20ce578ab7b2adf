package shard

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	cmtcfg "github.com/cometbft/cometbft/config"
	rpcserver "github.com/cometbft/cometbft/rpc/jsonrpc/server"

	servercmtlog "github.com/cosmos/cosmos-sdk/server/log"
)

const (
	// checkGrace that an answer has beyond the time that a client waits for a block.
	checkGrace = time.Second
	// stopGrace that answers have which are being given when the process ends: they read what is closed next.
	stopGrace = 2 * time.Second
)

// listeners of a shard's process. They are opened before its member votes: a port that is taken is no reason to have voted and gone.
type listeners struct {
	rpc        []net.Listener
	grpc, rest net.Listener
	// certificates of the RPC; none without TLS.
	certificates []tls.Certificate
}

// rpcConfig of the files' settings.
func rpcConfig(settings *cmtcfg.RPCConfig) *rpcserver.Config {
	cfg := rpcserver.DefaultConfig()
	cfg.MaxRequestBatchSize, cfg.MaxBodyBytes, cfg.MaxHeaderBytes, cfg.MaxOpenConnections = settings.MaxRequestBatchSize, settings.MaxBodyBytes, settings.MaxHeaderBytes, settings.MaxOpenConnections
	cfg.WriteTimeout = max(cfg.WriteTimeout, settings.TimeoutBroadcastTxCommit+checkGrace)
	return cfg
}

// restConfig of the files' settings.
func (c Config) restConfig() *rpcserver.Config {
	cfg, api := rpcserver.DefaultConfig(), c.App.API
	cfg.MaxOpenConnections, cfg.MaxBodyBytes = int(api.MaxOpenConnections), int64(api.RPCMaxBodyBytes)
	cfg.ReadTimeout, cfg.WriteTimeout = time.Duration(api.RPCReadTimeout)*time.Second, time.Duration(api.RPCWriteTimeout)*time.Second
	return cfg
}

// listen on all addresses of a home, or on none.
func (c Config) listen() (_ *listeners, err error) {
	l := &listeners{}
	defer func() {
		if err != nil {
			err = errors.Join(err, l.close())
		}
	}()
	if l.certificates, err = certificates(c.Comet.RPC); err != nil {
		return nil, err
	}
	// As CometBFT has it: several addresses, or none.
	for _, address := range strings.FieldsFunc(c.Comet.RPC.ListenAddress, func(r rune) bool { return r == ',' || r == ' ' }) {
		listener, err := rpcserver.Listen(address, c.Comet.RPC.MaxOpenConnections)
		if err != nil {
			return nil, fmt.Errorf("rpc: %w (laddr of [rpc] in config.toml)", err)
		}
		l.rpc = append(l.rpc, listener)
	}
	if l.grpc, err = net.Listen("tcp", c.App.GRPC.Address); err != nil {
		return nil, fmt.Errorf("grpc: %w (address of [grpc] in app.toml)", err)
	}
	if c.App.API.Enable {
		if l.rest, err = rpcserver.Listen(c.App.API.Address, int(c.App.API.MaxOpenConnections)); err != nil {
			return nil, fmt.Errorf("rest: %w (address of [api] in app.toml)", err)
		}
	}
	return l, nil
}

// close what is open. Who serves on a listener closes it, too.
func (l *listeners) close() (err error) {
	for _, listener := range append(l.rpc, l.grpc, l.rest) {
		if listener == nil {
			continue
		}
		if e := listener.Close(); !errors.Is(e, net.ErrClosed) {
			err = errors.Join(err, e)
		}
	}
	return err
}

// certificates of the RPC: one or none. Half of one would leave the RPC in the clear without a word.
func certificates(settings *cmtcfg.RPCConfig) ([]tls.Certificate, error) {
	if settings.TLSCertFile == "" && settings.TLSKeyFile == "" {
		return nil, nil
	}
	if !settings.IsTLSEnabled() {
		return nil, fmt.Errorf("rpc: tls_cert_file is %q and tls_key_file is %q in config.toml: set both, or none", settings.TLSCertFile, settings.TLSKeyFile)
	}
	pair, err := tls.LoadX509KeyPair(settings.CertFile(), settings.KeyFile())
	if err != nil {
		return nil, fmt.Errorf("rpc: tls_cert_file and tls_key_file in config.toml: %w", err)
	}
	return []tls.Certificate{pair}, nil
}

// serve HTTP on a listener, by TLS where there is a certificate. A server that fails ends the process: a member that nobody can ask is not running.
func (s *servers) serve(name string, listener net.Listener, handler http.Handler, cfg *rpcserver.Config, certificates []tls.Certificate) {
	logger := servercmtlog.CometLoggerWrapper{Logger: s.cfg.Logger}
	server := &http.Server{
		Handler:     rpcserver.PreChecksHandler(rpcserver.RecoverAndLogHandler(handler, logger), cfg),
		ReadTimeout: cfg.ReadTimeout, ReadHeaderTimeout: cfg.ReadTimeout, WriteTimeout: cfg.WriteTimeout, MaxHeaderBytes: cfg.MaxHeaderBytes,
	}
	run := func() error { return server.Serve(listener) }
	if len(certificates) > 0 {
		server.TLSConfig = &tls.Config{Certificates: certificates, MinVersion: tls.VersionTLS12}
		run = func() error { return server.ServeTLS(listener, "", "") }
	}
	go func() {
		if err := run(); !errors.Is(err, http.ErrServerClosed) {
			s.fail(fmt.Errorf("%s: %w", name, err))
		}
	}()
	s.close = append(s.close, func() error {
		ctx, cancel := context.WithTimeout(context.Background(), stopGrace)
		defer cancel()
		if err := server.Shutdown(ctx); err == nil {
			return nil
		}
		return server.Close()
	})
}
