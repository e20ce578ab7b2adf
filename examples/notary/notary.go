// Package notary is a complete service type beside messaging, in one file: a provider signs that it has seen a hash at a time, for a price per stamp. It shows what
// a new type needs (docs/guides/service-types.md): a name, measures, and a Serve that charges before it works.
package notary

import (
	"context"
	"crypto/ed25519"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/protocol"

	"github.com/topnetwork/top/protocol/frame"
	"github.com/topnetwork/top/protocol/refusal"
	"github.com/topnetwork/top/protocol/voucher"
	"github.com/topnetwork/top/relayer/host"
	"github.com/topnetwork/top/relayer/services"
	"github.com/topnetwork/top/sdk"
)

const (
	// Name of the type and its only measure.
	Name    = "notary"
	Measure = "stamp"
	// Protocol of its streams: a Request, then an Answer, any number of times.
	Protocol protocol.ID = "/top/notary/1"
	domain               = "TOP/notary-stamp/1"
	idle                 = time.Minute
)

// Request for a stamp: the session that pays and what is stamped.
type Request struct{ Session, Hash [32]byte }

// Answer is a stamp or a refusal.
type Answer struct {
	// Time in seconds since 1970, and the provider's signature over domain, hash and time.
	Time      uint64
	Signature []byte
	// Again says that the session had paid for this stamp before, and was not charged now.
	Again   bool
	Refusal *voucher.Refusal
}

func signBytes(hash [32]byte, at uint64) []byte {
	return binary.BigEndian.AppendUint64(append([]byte(domain), hash[:]...), at)
}

// Service is the provider's side; its node's key signs.
type Service struct{}

// Name implements services.Service.
func (Service) Name() string { return Name }

// Measures implements services.Service.
func (Service) Measures() []string { return []string{Measure} }

// Serve implements services.Service.
func (Service) Serve(ctx context.Context, env services.Env) error {
	key := env.Host.Peerstore().PrivKey(env.Host.ID())
	if key == nil {
		return errors.New("notary: the host has no key")
	}
	stop := host.Handle(ctx, env.Host, Protocol, func(ctx context.Context, stream network.Stream) {
		end := context.AfterFunc(ctx, func() { _ = stream.Reset() })
		defer end()
		defer func() { _ = stream.Close() }()
		r := frame.NewReader(stream)
		for {
			_ = stream.SetDeadline(time.Now().Add(idle))
			var req Request
			if r.Read(&req) != nil {
				return
			}
			answer, err := stamp(ctx, env, stream.Conn().RemotePeer().String(), req, key.Sign)
			if err != nil {
				answer = &Answer{Refusal: refusal.As(err).Frame()}
			}
			if frame.Write(stream, answer) != nil {
				return
			}
		}
	})
	<-ctx.Done()
	stop()
	return nil
}

// stamp charges and signs; what a session has paid for once is answered again for nothing.
func stamp(ctx context.Context, env services.Env, peer string, req Request, sign func([]byte) ([]byte, error)) (*Answer, error) {
	key := append(append(services.Prefix(Name), req.Session[:]...), req.Hash[:]...)
	if raw, closer, err := env.DB.Get(key); err == nil {
		defer func() { _ = closer.Close() }()
		var known Answer
		err := known.Unmarshal(raw)
		known.Again = true
		return &known, err
	} else if !errors.Is(err, pebble.ErrNotFound) {
		return nil, err
	}
	answer := &Answer{Time: uint64(env.Now().Unix())}
	var err error
	if answer.Signature, err = sign(signBytes(req.Hash, answer.Time)); err != nil {
		return nil, err
	}
	raw, err := answer.Marshal()
	if err != nil {
		return nil, err
	}
	usage := []*voucher.Usage{{Measure: Measure, Quantity: 1}}
	return answer, env.Sessions.Charge(ctx, peer, req.Session[:], usage, func(b *pebble.Batch) error { return b.Set(key, raw, nil) })
}

// Stamp buys a stamp for a hash from a provider and verifies it.
func Stamp(ctx context.Context, c *sdk.Client, p sdk.Provider, hash [32]byte) (*Answer, error) {
	var answer Answer
	err := c.Use(ctx, p.Key, []*voucher.Usage{{Measure: Measure, Quantity: 1}}, fmt.Sprintf("%x", hash), func(ctx context.Context, session [32]byte) (bool, error) {
		stream, err := c.Dial(ctx, p.Key, Protocol)
		if err != nil {
			return false, err
		}
		defer func() { _ = stream.Close() }()
		_ = stream.SetDeadline(time.Now().Add(idle))
		if err := frame.Write(stream, &Request{Session: session, Hash: hash}); err != nil {
			return false, err
		}
		if err := frame.NewReader(stream).Read(&answer); err != nil {
			return false, err
		}
		if answer.Refusal != nil {
			return false, refusal.Of(answer.Refusal)
		}
		return !answer.Again, nil
	})
	if err == nil && !ed25519.Verify(p.Key, signBytes(hash, answer.Time), answer.Signature) {
		err = errors.New("notary: the provider's stamp does not verify")
	}
	return &answer, err
}

// Reset implements frame.Message.
func (r *Request) Reset() { *r = Request{} }

// Marshal implements frame.Message: session, hash.
func (r *Request) Marshal() ([]byte, error) { return append(r.Session[:], r.Hash[:]...), nil }

// Unmarshal implements frame.Message.
func (r *Request) Unmarshal(b []byte) error {
	if len(b) != 64 {
		return io.ErrUnexpectedEOF
	}
	copy(r.Session[:], b)
	copy(r.Hash[:], b[32:])
	return nil
}

// Reset implements frame.Message.
func (a *Answer) Reset() { *a = Answer{} }

// How an encoded Answer begins.
const (
	kindStamp = iota
	kindAgain
	kindRefusal
)

// Marshal implements frame.Message: kind, time, signature; or kind, refusal.
func (a *Answer) Marshal() ([]byte, error) {
	if a.Refusal != nil {
		raw, err := a.Refusal.Marshal()
		return append([]byte{kindRefusal}, raw...), err
	}
	kind := byte(kindStamp)
	if a.Again {
		kind = kindAgain
	}
	return append(binary.BigEndian.AppendUint64([]byte{kind}, a.Time), a.Signature...), nil
}

// Unmarshal implements frame.Message.
func (a *Answer) Unmarshal(b []byte) error {
	switch {
	case len(b) == 1+8+ed25519.SignatureSize && b[0] <= kindAgain:
		a.Again, a.Time, a.Signature = b[0] == kindAgain, binary.BigEndian.Uint64(b[1:]), append([]byte{}, b[9:]...)
		return nil
	case len(b) > 0 && b[0] == kindRefusal:
		a.Refusal = &voucher.Refusal{}
		return a.Refusal.Unmarshal(b[1:])
	default:
		return io.ErrUnexpectedEOF
	}
}
