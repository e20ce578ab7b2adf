package bench

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"fmt"
	"slices"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/sdk/chain"
	billingtypes "github.com/topnetwork/top/x/billing/types"
	usagetypes "github.com/topnetwork/top/x/usage/types"
)

// What each payer brings, in utop.
const (
	payerDeposit = 60_000_000
	payerCredit  = 40_000_000
)

// payer is a funded account whose session key this process holds.
type payer struct {
	key     *chain.Key
	account sdk.AccAddress
	session ed25519.PrivateKey
}

// needPayers gives the payers credit on the service chain, all of it allotted to the provider.
func (s *scene) needPayers(ctx context.Context) error {
	if s.payers != nil {
		return nil
	}
	payers := make([]*payer, scenePayers)
	err := together(len(payers), func(i int) (err error) {
		payers[i], err = s.newPayer(ctx, s.Users[i].Mnemonic)
		return err
	})
	if err == nil {
		s.payers = payers
	}
	return err
}

func (s *scene) newPayer(ctx context.Context, mnemonic string) (*payer, error) {
	key, err := chain.FromMnemonic(mnemonic)
	if err != nil {
		return nil, err
	}
	seed := sha256.Sum256([]byte("bench session key of " + key.Address()))
	p := &payer{key: key, session: ed25519.NewKeyFromSeed(seed[:])}
	if p.account, err = sdk.AccAddressFromBech32(key.Address()); err != nil {
		return nil, err
	}
	public := p.public()
	if _, err := s.main.Send(ctx, key,
		&billingtypes.MsgDeposit{Owner: key.Address(), Amount: payerDeposit},
		&billingtypes.MsgAddSessionKey{Signer: key.Address(), Owner: key.Address(), Key: public, CapUtop: payerCredit, ExpiresEpoch: 1_000_000},
		&billingtypes.MsgOpenCreditLine{Owner: key.Address(), ChainId: s.Service.ID, Amount: payerCredit},
	); err != nil {
		return nil, err
	}
	usage := usagetypes.NewQueryClient(s.service.Conn())
	if err := s.await(ctx, stepTimeout, "credit of "+key.Address(), func(ctx context.Context) error {
		res, err := usage.Credit(ctx, &usagetypes.QueryCreditRequest{Owner: key.Address()})
		if err != nil {
			return err
		}
		known := slices.ContainsFunc(res.Credit.SessionKeys, func(k billingtypes.SessionKey) bool { return bytes.Equal(k.Key, public) })
		if res.Credit.Credited < payerCredit || !known {
			return fmt.Errorf("%d utop credited, key known: %t", res.Credit.Credited, known)
		}
		return nil
	}); err != nil {
		return nil, err
	}
	_, err = s.service.Send(ctx, key, &usagetypes.MsgAllot{Owner: key.Address(), Provider: s.Providers[0].Address, SessionKey: public, Amount: payerCredit})
	return p, err
}

func (p *payer) public() []byte { return p.session.Public().(ed25519.PublicKey) }
