package genesis

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/topnetwork/top/app/servicechain"
	operatorstypes "github.com/topnetwork/top/x/operators/types"
	usagetypes "github.com/topnetwork/top/x/usage/types"
)

func setChainCommand(app *servicechain.App) *cobra.Command {
	var chain usagetypes.Chain
	cmd := &cobra.Command{
		Use: "set-chain", Short: "Write into genesis.json which service the chain books and which main chain it belongs to", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return edit(cmd, app, func(_ string, state State) error { return SetChain(app.Codec, state, chain) })
		},
	}
	f := cmd.Flags()
	f.StringVar(&chain.ServiceType, "type", "", "service type, e.g. messaging (see `topchaind query services service-types`)")
	f.StringVar(&chain.MainChainId, "main-chain-id", "top-main-1", "the main chain")
	f.Uint64Var(&chain.EpochBlocks, "epoch-blocks", 0, "blocks per epoch of the main chain (see `topchaind query billing epoch`)")
	f.StringVar(&chain.Operator, "operator", "", "account that registers the chain and may link it")
	return cmd
}

func addOperatorCommand(app *servicechain.App) *cobra.Command {
	var moniker string
	var uop int64
	cmd := &cobra.Command{
		Use: "add-operator ADDRESS CONSENSUS_PUBKEY POWER", Short: "Add a validator to genesis.json whose keys you trust", Args: cobra.ExactArgs(3),
		Long: "Add a validator to genesis.json whose keys you trust. CONSENSUS_PUBKEY is what `topserviced comet show-validator` prints on its node,\n" +
			"or the bare key in base64. With `gentx` and `collect` the operator proves by signature that both keys are its own.",
		RunE: func(cmd *cobra.Command, args []string) error {
			key, err := parseConsensusKey(args[1])
			if err != nil {
				return err
			}
			power, err := strconv.ParseInt(args[2], 10, 64)
			if err != nil {
				return fmt.Errorf("POWER %q is not a whole number above 0", args[2])
			}
			return edit(cmd, app, func(_ string, state State) error {
				return AddOperator(app.Codec, state, operatorstypes.Operator{Address: args[0], Moniker: moniker, ConsensusKey: key, Power: power}, uop)
			})
		},
	}
	cmd.Flags().StringVar(&moniker, "moniker", "", "the operator's name for people")
	cmd.Flags().Int64Var(&uop, "uop", OperatorUop, "units for governance deposits that a new account gets")
	return cmd
}

// parseConsensusKey reads {"@type":"/cosmos.crypto.ed25519.PubKey","key":BASE64} or BASE64 and returns the raw key.
func parseConsensusKey(s string) ([]byte, error) {
	var any struct {
		Type string `json:"@type"`
		Key  []byte `json:"key"`
	}
	if err := json.Unmarshal([]byte(s), &any); err == nil {
		if any.Type != "/cosmos.crypto.ed25519.PubKey" {
			return nil, fmt.Errorf("CONSENSUS_PUBKEY is a %q: nodes of service chains sign with ed25519, see `topserviced comet show-validator`", any.Type)
		}
		return any.Key, nil
	}
	key, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		return nil, fmt.Errorf("CONSENSUS_PUBKEY %q is neither what `topserviced comet show-validator` prints nor base64", s)
	}
	return key, nil
}
