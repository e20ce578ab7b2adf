package sortition

import (
	"context"
	"fmt"

	"cosmossdk.io/log/v2"

	rpcclient "github.com/cometbft/cometbft/rpc/client"
	cmttypes "github.com/cometbft/cometbft/types"

	"github.com/cosmos/cosmos-sdk/client"
	"github.com/cosmos/cosmos-sdk/client/tx"
	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/tx/signing"
	authsigning "github.com/cosmos/cosmos-sdk/x/auth/signing"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"

	"github.com/topnetwork/top/protocol/sortition/ecvrf"
	"github.com/topnetwork/top/x/sortition/types"
)

const (
	// gas of one publication; such transactions pay no fee.
	gas = 400_000
	// patience is how many blocks a publication may wait in the mempool before it is sent again.
	patience = 3
	// subscriber names this loop to the node's event bus.
	subscriber = "sortition"
)

// Publisher publishes what its node owes: asked for after every block, so that a restart or a lost transaction needs no memory.
type Publisher struct {
	ctx     client.Context
	keys    Keys
	chainID string
	log     log.Logger
	// sent is the height at which each publication was last sent.
	sent map[string]int64
}

// NewPublisher of a node's keys; ctx has the node's own client.
func NewPublisher(ctx client.Context, keys Keys, chainID string, logger log.Logger) *Publisher {
	return &Publisher{ctx: ctx, keys: keys, chainID: chainID, log: logger, sent: map[string]int64{}}
}

// Run until the context ends. What fails is tried again with the next block: a node must not stop over it.
func (p *Publisher) Run(ctx context.Context) error {
	events, ok := p.ctx.Client.(rpcclient.EventsClient)
	if !ok {
		p.log.Error("this node publishes no proofs and will not be elected: turn on grpc or api in app.toml")
		return nil
	}
	headers, err := events.Subscribe(ctx, subscriber, cmttypes.EventQueryNewBlockHeader.String())
	if err != nil {
		return fmt.Errorf("subscribe to new blocks: %w", err)
	}
	for {
		select {
		case <-ctx.Done():
			return nil
		case event, open := <-headers:
			if !open {
				return nil
			}
			header, ok := event.Data.(cmttypes.EventDataNewBlockHeader)
			if !ok {
				continue
			}
			if err := p.step(ctx, header.Header.Height); err != nil {
				p.log.Info("nothing published", "height", header.Header.Height, "reason", err)
			}
		}
	}
}

// step asks what is due after a block and publishes it.
func (p *Publisher) step(ctx context.Context, height int64) error {
	hot := p.keys.HotAddress().String()
	duty, err := types.NewQueryClient(p.ctx).Duty(ctx, &types.QueryDutyRequest{HotAddress: hot})
	if err != nil {
		return err
	}
	var alpha []byte
	var msg sdk.Msg
	switch {
	case len(duty.ProofAlpha) > 0:
		alpha = duty.ProofAlpha
	case len(duty.SealAlpha) > 0:
		alpha = duty.SealAlpha
	default:
		clear(p.sent)
		return nil
	}
	if at, ok := p.sent[string(alpha)]; ok && height < at+patience {
		return nil
	}
	proof, err := ecvrf.Prove(p.keys.VRFSecret, alpha)
	if err != nil {
		return err
	}
	msg = &types.MsgPublishProof{Sender: hot, Epoch: duty.Epoch, Proof: proof}
	if len(duty.ProofAlpha) == 0 {
		msg = &types.MsgSeal{Sender: hot, Epoch: duty.Epoch, Index: duty.SealIndex, Proof: proof}
	}
	p.sent[string(alpha)] = height
	return p.send(ctx, msg)
}

// Sign a transaction of one message by the hot key, without a fee, and encode it.
func (k Keys) Sign(ctx context.Context, config client.TxConfig, chainID string, number, sequence uint64, msg sdk.Msg) ([]byte, error) {
	return k.SignPaying(ctx, config, chainID, number, sequence, gas, nil, msg)
}

// SignPaying is Sign for a message that needs so much gas, and whose fee the hot account pays.
func (k Keys) SignPaying(ctx context.Context, config client.TxConfig, chainID string, number, sequence, gas uint64, fee sdk.Coins, msg sdk.Msg) ([]byte, error) {
	builder := config.NewTxBuilder()
	if err := builder.SetMsgs(msg); err != nil {
		return nil, err
	}
	builder.SetGasLimit(gas)
	builder.SetFeeAmount(fee)
	key, mode := k.hot(), signing.SignMode_SIGN_MODE_DIRECT
	data := authsigning.SignerData{Address: k.HotAddress().String(), ChainID: chainID, AccountNumber: number, Sequence: sequence, PubKey: key.PubKey()}
	// The signer info is part of what is signed.
	if err := builder.SetSignatures(signing.SignatureV2{PubKey: key.PubKey(), Data: &signing.SingleSignatureData{SignMode: mode}, Sequence: sequence}); err != nil {
		return nil, err
	}
	signature, err := tx.SignWithPrivKey(ctx, mode, data, builder, key, config, sequence)
	if err != nil {
		return nil, err
	}
	if err := builder.SetSignatures(signature); err != nil {
		return nil, err
	}
	return config.TxEncoder()(builder.GetTx())
}

// send signs a transaction of one message by the hot key and gives it to the node.
func (p *Publisher) send(ctx context.Context, msg sdk.Msg) error {
	address := p.keys.HotAddress()
	res, err := authtypes.NewQueryClient(p.ctx).AccountInfo(ctx, &authtypes.QueryAccountInfoRequest{Address: address.String()})
	if err != nil {
		return fmt.Errorf("account of the hot key: %w", err)
	}
	bz, err := p.keys.Sign(ctx, p.ctx.TxConfig, p.chainID, res.Info.AccountNumber, res.Info.Sequence, msg)
	if err != nil {
		return err
	}
	sent, err := p.ctx.Client.BroadcastTxSync(ctx, bz)
	if err != nil {
		return err
	}
	if sent.Code != 0 {
		return fmt.Errorf("refused: %s", sent.Log)
	}
	return nil
}
