package bench

import (
	"context"
	"fmt"

	"github.com/cosmos/cosmos-sdk/types/bech32"

	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	"github.com/cosmos/cosmos-sdk/crypto/keys/secp256k1"
	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/tx"
	"github.com/cosmos/cosmos-sdk/types/tx/signing"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"

	"github.com/topnetwork/top/sdk/chain"
	"github.com/topnetwork/top/testutil/localnet"
)

// account is one of many that send transfers. Keys come from fixed secrets: making thousands of mnemonics would take longer than the measurement.
type account struct {
	key     *secp256k1.PrivKey
	address string
	number  uint64
}

func newAccounts(n int) ([]account, error) {
	accounts := make([]account, n)
	for i := range accounts {
		key := secp256k1.GenPrivKeyFromSecret(fmt.Appendf(nil, "bench account %d", i))
		address, err := bech32.ConvertAndEncode(chain.Prefix, key.PubKey().Address())
		if err != nil {
			return nil, err
		}
		accounts[i] = account{key: key, address: address}
	}
	return accounts, nil
}

// readNumbers asks the chain for the accounts' numbers, which signatures cover.
func readNumbers(ctx context.Context, c *chain.Client, accounts []account) error {
	query := authtypes.NewQueryClient(c.Conn())
	return each(len(accounts), func(i int) error {
		res, err := query.AccountInfo(ctx, &authtypes.QueryAccountInfoRequest{Address: accounts[i].address})
		if err != nil {
			return fmt.Errorf("account %s: %w", accounts[i].address, err)
		}
		if res.Info.Sequence != 0 {
			return fmt.Errorf("account %s was used before", accounts[i].address)
		}
		accounts[i].number = res.Info.AccountNumber
		return nil
	})
}

// transfer of 1 utop, signed in SIGN_MODE_DIRECT.
func (a account) transfer(chainID, to string, sequence, gas uint64) ([]byte, error) {
	msg, err := codectypes.NewAnyWithValue(&banktypes.MsgSend{
		FromAddress: a.address, ToAddress: to, Amount: sdk.NewCoins(sdk.NewInt64Coin(localnet.Denom, 1)),
	})
	if err != nil {
		return nil, err
	}
	body, err := (&tx.TxBody{Messages: []*codectypes.Any{msg}}).Marshal()
	if err != nil {
		return nil, err
	}
	pub, err := codectypes.NewAnyWithValue(a.key.PubKey())
	if err != nil {
		return nil, err
	}
	auth, err := (&tx.AuthInfo{
		SignerInfos: []*tx.SignerInfo{{
			PublicKey: pub, Sequence: sequence,
			ModeInfo: &tx.ModeInfo{Sum: &tx.ModeInfo_Single_{Single: &tx.ModeInfo_Single{Mode: signing.SignMode_SIGN_MODE_DIRECT}}},
		}},
		Fee: &tx.Fee{GasLimit: gas},
	}).Marshal()
	if err != nil {
		return nil, err
	}
	doc, err := (&tx.SignDoc{BodyBytes: body, AuthInfoBytes: auth, ChainId: chainID, AccountNumber: a.number}).Marshal()
	if err != nil {
		return nil, err
	}
	sig, err := a.key.Sign(doc)
	if err != nil {
		return nil, err
	}
	return (&tx.TxRaw{BodyBytes: body, AuthInfoBytes: auth, Signatures: [][]byte{sig}}).Marshal()
}

// transferGas is what a transfer may use: what simulation says and a tenth more. A block holds as many transfers as their limits, not their use, allow.
func transferGas(ctx context.Context, c *chain.Client, accounts []account) (uint64, error) {
	draft, err := accounts[0].transfer(c.ChainID(), accounts[1].address, 0, 0)
	if err != nil {
		return 0, err
	}
	res, err := tx.NewServiceClient(c.Conn()).Simulate(ctx, &tx.SimulateRequest{TxBytes: draft})
	if err != nil {
		return 0, fmt.Errorf("simulate a transfer: %w", err)
	}
	return res.GasInfo.GasUsed * 11 / 10, nil
}

// signTransfers makes rounds transfers per account, each to the next account; [round][account].
func signTransfers(chainID string, accounts []account, rounds int, gas uint64) ([][][]byte, error) {
	txs := make([][][]byte, rounds)
	for r := range txs {
		txs[r] = make([][]byte, len(accounts))
	}
	return txs, each(len(accounts), func(i int) error {
		to := accounts[(i+1)%len(accounts)].address
		for r := range txs {
			bz, err := accounts[i].transfer(chainID, to, uint64(r), gas)
			if err != nil {
				return err
			}
			txs[r][i] = bz
		}
		return nil
	})
}
