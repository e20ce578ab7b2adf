package daemon

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/cosmos/cosmos-sdk/client"
	"github.com/cosmos/cosmos-sdk/client/flags"
	"github.com/cosmos/cosmos-sdk/server"
	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/x/genutil"
)

// guardGentx signs for the chain of the home's genesis alone: collected, a signature for another would stop every node at its first start.
func guardGentx(cmd *cobra.Command) {
	sign := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		chainID, err := genesisChainID(server.GetServerContextFromCmd(cmd).Config)
		if err != nil {
			return fmt.Errorf("%w; make one with `%s init`, or put the chain's there", err, cmd.Root().Name())
		}
		switch given := client.GetClientContextFromCmd(cmd).ChainID; given {
		case chainID:
		case "":
			if err := cmd.Flags().Set(flags.FlagChainID, chainID); err != nil {
				return err
			}
		default:
			return fmt.Errorf("--%s (or chain-id in client.toml) is %q, and the home's genesis.json is of %q: leave the flag out, or name %s in both places",
				flags.FlagChainID, given, chainID, chainID)
		}
		if err = sign(cmd, args); errors.Is(err, fs.ErrExist) {
			return fmt.Errorf("%w: this node has signed already; remove that file to sign anew, for `genesis collect` takes every file of its folder", err)
		}
		return err
	}
}

// guardAccounts refuses coins of which the chain has no use: a slip of the pen would be money for ever.
func (c Chain) guardAccounts(cmd *cobra.Command, read func(*cobra.Command, []string) (sdk.Coins, error)) {
	add := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		coins, err := read(cmd, args)
		if err != nil {
			return err
		}
		for _, coin := range coins {
			if coin.Denom != c.Coin {
				return fmt.Errorf("%s: the only coin in a genesis of %s is %s, e.g. %s%s", coin, c.Name, c.Coin, coin.Amount, c.Coin)
			}
		}
		return add(cmd, args)
	}
}

// accountCoins are those of add-genesis-account. What begins as an address does and is none would be looked for among the keys.
func accountCoins(cmd *cobra.Command, args []string) (sdk.Coins, error) {
	if strings.HasPrefix(args[0], sdk.GetConfig().GetBech32AccountAddrPrefix()+"1") {
		if _, err := sdk.AccAddressFromBech32(args[0]); err != nil {
			return nil, fmt.Errorf("%s is no account's address: %w", args[0], err)
		}
	}
	vesting, err := cmd.Flags().GetString("vesting-amount")
	if err != nil {
		return nil, err
	}
	coins, err := sdk.ParseCoinsNormalized(args[1])
	if err != nil {
		return nil, err
	}
	if err := checkHolds(args[0], coins); err != nil {
		return nil, err
	}
	vested, err := sdk.ParseCoinsNormalized(vesting)
	return append(coins, vested...), err
}

// checkHolds refuses an account without coins: more likely than that it is meant, a figure is missing.
func checkHolds(account string, coins sdk.Coins) error {
	if coins.IsZero() {
		return fmt.Errorf("%s would hold nothing: give it an amount above 0, or leave it out; an account begins by itself with the first coins that it gets", account)
	}
	return nil
}

// fileCoins are those of bulk-add-genesis-account.
func fileCoins(_ *cobra.Command, args []string) (sdk.Coins, error) {
	bz, err := os.ReadFile(args[0])
	if err != nil {
		return nil, err
	}
	var accounts []genutil.GenesisAccount
	if err := json.Unmarshal(bz, &accounts); err != nil {
		return nil, fmt.Errorf("%s: %w; see its form with --help", args[0], err)
	}
	var all sdk.Coins
	for _, a := range accounts {
		if err := checkHolds(a.Address, a.Coins); err != nil {
			return nil, err
		}
		all = append(append(all, a.Coins...), a.VestingAmt...)
	}
	return all, nil
}
