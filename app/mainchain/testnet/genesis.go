package testnet

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"time"

	"github.com/cosmos/cosmos-sdk/client/tx"
	"github.com/cosmos/cosmos-sdk/crypto/hd"
	"github.com/cosmos/cosmos-sdk/crypto/keyring"
	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/version"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"
	genutiltypes "github.com/cosmos/cosmos-sdk/x/genutil/types"
	slashingtypes "github.com/cosmos/cosmos-sdk/x/slashing/types"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"

	"cosmossdk.io/math"

	"github.com/topnetwork/top/app/base"
	"github.com/topnetwork/top/node/home"
	nodesortition "github.com/topnetwork/top/node/sortition"
	billingtypes "github.com/topnetwork/top/x/billing/types"
	sortitiontypes "github.com/topnetwork/top/x/sortition/types"
	staketypes "github.com/topnetwork/top/x/stake/types"
)

// Balance of an account in genesis, in utop.
type Balance struct {
	Address sdk.AccAddress
	Utop    int64
}

// genesis builds the network's genesis from the validators' keys and the funded accounts.
func (n *network) genesis() (*genutiltypes.AppGenesis, error) {
	state := n.app.DefaultGenesis()
	if err := n.fund(state); err != nil {
		return nil, err
	}
	if err := n.app.SetVotingPeriod(state, n.opts.VotingPeriod); err != nil {
		return nil, err
	}
	var billing billingtypes.GenesisState
	n.app.Codec.MustUnmarshalJSON(state[billingtypes.ModuleName], &billing)
	billing.EpochBlocks = n.opts.EpochBlocks
	state[billingtypes.ModuleName] = n.app.Codec.MustMarshalJSON(&billing)

	if err := n.sortition(state); err != nil {
		return nil, err
	}
	if err := n.shards(state); err != nil {
		return nil, err
	}
	var slashing slashingtypes.GenesisState
	n.app.Codec.MustUnmarshalJSON(state[slashingtypes.ModuleName], &slashing)
	slashing.Params.SignedBlocksWindow = n.opts.SignedBlocksWindow
	state[slashingtypes.ModuleName] = n.app.Codec.MustMarshalJSON(&slashing)
	gentxs := make([]json.RawMessage, len(n.validators))
	for i, v := range n.validators {
		bz, err := n.gentx(v)
		if err != nil {
			return nil, fmt.Errorf("genesis transaction of %s: %w", v.node.Moniker, err)
		}
		gentxs[i] = bz
	}
	genutil := genutiltypes.NewGenesisState(gentxs)
	state[genutiltypes.ModuleName] = n.app.Codec.MustMarshalJSON(genutil)

	if err := n.app.Basics.ValidateGenesis(n.app.Codec, n.app.TxConfig, state); err != nil {
		return nil, fmt.Errorf("genesis: %w", err)
	}
	bz, err := json.MarshalIndent(state, "", "  ")
	if err != nil {
		return nil, err
	}
	doc := genutiltypes.NewAppGenesisWithVersion(n.opts.ChainID, bz)
	doc.AppName = n.app.Name()
	doc.GenesisTime = time.Now().UTC() //determinism: written once into a file that all nodes share
	doc.Consensus = &genutiltypes.ConsensusGenesis{Params: base.ConsensusParams()}
	return doc, nil
}

// sortition registers every validator's node and scales the making of seeds to the length of epochs. Everyone who gets this genesis knows the first seed; it is drawn so
// that two networks differ.
func (n *network) sortition(state map[string]json.RawMessage) error {
	var stake staketypes.GenesisState
	n.app.Codec.MustUnmarshalJSON(state[staketypes.ModuleName], &stake)
	for _, v := range n.validators {
		keys, err := nodesortition.EnsureKeys(v.node.Home)
		if err != nil {
			return err
		}
		r, err := keys.Registration(n.opts.ChainID, v.address.String())
		if err != nil {
			return err
		}
		roles, endpoints := []staketypes.Role{staketypes.Role_ROLE_VALIDATOR}, n.endpoints(v)
		stake.Nodes = append(stake.Nodes, staketypes.GenesisNode{
			Node: staketypes.NewNode(stake.Params, v.address.String(), r.HotAddress, r.VRFKey, roles, endpoints, version.Version), VrfProof: r.VRFProof,
		})
	}
	state[staketypes.ModuleName] = n.app.Codec.MustMarshalJSON(&stake)

	var gs sortitiontypes.GenesisState
	n.app.Codec.MustUnmarshalJSON(state[sortitiontypes.ModuleName], &gs)
	gs.Devnet, gs.Params = true, sortitiontypes.DevnetParams(n.opts.EpochBlocks)
	gs.Params.MaxMembers, gs.Params.Standbys = n.opts.Committee, n.opts.Standbys
	if _, err := rand.Read(gs.Seed); err != nil {
		return err
	}
	state[sortitiontypes.ModuleName] = n.app.Codec.MustMarshalJSON(&gs)
	return nil
}

func (n *network) fund(state map[string]json.RawMessage) error {
	var auth authtypes.GenesisState
	var bank banktypes.GenesisState
	n.app.Codec.MustUnmarshalJSON(state[authtypes.ModuleName], &auth)
	n.app.Codec.MustUnmarshalJSON(state[banktypes.ModuleName], &bank)

	balances := append([]Balance{}, n.opts.Accounts...)
	for _, v := range n.validators {
		balances = append(balances, Balance{Address: v.address, Utop: validatorBalance})
	}
	seen := map[string]bool{}
	var accounts authtypes.GenesisAccounts
	for _, b := range balances {
		if seen[b.Address.String()] {
			return fmt.Errorf("account %s is given twice: merge the amounts into one --account", b.Address)
		}
		seen[b.Address.String()] = true
		coins := sdk.NewCoins(sdk.NewInt64Coin(base.Denom, b.Utop))
		bank.Balances = append(bank.Balances, banktypes.Balance{Address: b.Address.String(), Coins: coins})
		bank.Supply = bank.Supply.Add(coins...)
		accounts = append(accounts, authtypes.NewBaseAccount(b.Address, nil, 0, 0))
	}
	accounts = authtypes.SanitizeGenesisAccounts(accounts)
	packed, err := authtypes.PackAccounts(accounts)
	if err != nil {
		return err
	}
	auth.Accounts = packed
	bank.Balances = banktypes.SanitizeGenesisBalances(bank.Balances)
	state[authtypes.ModuleName] = n.app.Codec.MustMarshalJSON(&auth)
	state[banktypes.ModuleName] = n.app.Codec.MustMarshalJSON(&bank)
	return nil
}

// gentx is a validator's signed MsgCreateValidator.
func (n *network) gentx(v validator) (json.RawMessage, error) {
	rate := math.LegacyMustNewDecFromStr("0.05")
	msg, err := stakingtypes.NewMsgCreateValidator(
		sdk.ValAddress(v.address).String(), v.node.ConsensusKey, sdk.NewInt64Coin(base.Denom, validatorStake),
		stakingtypes.NewDescription(v.node.Moniker, "", "", "", ""),
		stakingtypes.NewCommissionRates(rate, math.LegacyOneDec(), math.LegacyOneDec()), math.OneInt(),
	)
	if err != nil {
		return nil, err
	}
	builder := n.app.TxConfig.NewTxBuilder()
	if err := builder.SetMsgs(msg); err != nil {
		return nil, err
	}
	builder.SetMemo(v.node.Peer())
	factory := tx.Factory{}.WithChainID(n.opts.ChainID).WithKeybase(n.keys).WithTxConfig(n.app.TxConfig)
	if err := tx.Sign(n.ctx, factory, v.node.Moniker, builder, true); err != nil {
		return nil, err
	}
	return n.app.TxConfig.TxJSONEncoder()(builder.GetTx())
}

// validator is one node and the account behind it.
type validator struct {
	node     *home.Node
	address  sdk.AccAddress
	mnemonic string
}

// newValidator makes the account of a node in the network's keyring.
func (n *network) newValidator(node *home.Node) (validator, error) {
	record, mnemonic, err := n.keys.NewMnemonic(node.Moniker, keyring.English, sdk.FullFundraiserPath, keyring.DefaultBIP39Passphrase, hd.Secp256k1)
	if err != nil {
		return validator{}, err
	}
	addr, err := record.GetAddress()
	return validator{node: node, address: addr, mnemonic: mnemonic}, err
}
