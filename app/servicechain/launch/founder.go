package launch

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/cosmos/go-bip39"

	"github.com/topnetwork/top/sdk/chain"
	billingtypes "github.com/topnetwork/top/x/billing/types"
	servicestypes "github.com/topnetwork/top/x/services/types"
)

// founder is the account behind a launch and its connection to the main chain.
type founder struct {
	key         *chain.Key
	mnemonic    string
	main        *chain.Client
	mainChainID string
	epochBlocks uint64
}

// openFounder loads the founder's key and asks the main chain what the new chain must agree with.
func openFounder(ctx context.Context, opts Options) (*founder, error) {
	bz, err := os.ReadFile(opts.OperatorMnemonicFile)
	if err != nil {
		return nil, fmt.Errorf("--operator-mnemonic-file: %w", err)
	}
	mnemonic := strings.TrimSpace(string(bz))
	key, err := chain.FromMnemonic(mnemonic)
	if err != nil {
		return nil, fmt.Errorf("--operator-mnemonic-file %s: %w", opts.OperatorMnemonicFile, err)
	}
	client, err := chain.Dial(ctx, chain.Config{GRPC: opts.MainGRPC})
	if err != nil {
		return nil, fmt.Errorf("main chain at %s: %w", opts.MainGRPC, err)
	}
	f := &founder{key: key, mnemonic: mnemonic, main: client, mainChainID: client.ChainID()}
	epoch, err := billingtypes.NewQueryClient(client.Conn()).Epoch(ctx, &billingtypes.QueryEpochRequest{})
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("%s at %s does not answer as a TOP main chain: %w", f.mainChainID, opts.MainGRPC, err)
	}
	f.epochBlocks = epoch.EpochBlocks
	if err := f.checkType(ctx, opts.Type); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// Close ends the connection.
func (f *founder) Close() { _ = f.main.Close() }

func (f *founder) checkType(ctx context.Context, name string) error {
	res, err := servicestypes.NewQueryClient(f.main.Conn()).ServiceTypes(ctx, &servicestypes.QueryServiceTypesRequest{})
	if err != nil {
		return fmt.Errorf("service types: %w", err)
	}
	known := make([]string, len(res.Types))
	for i, t := range res.Types {
		if t.Name == name {
			return nil
		}
		known[i] = t.Name
	}
	return fmt.Errorf("--type %q is not registered on %s (known: %s); add it with `topchaind tx services register-service-type`",
		name, f.mainChainID, strings.Join(known, ", "))
}

// registered says whether the main chain knows the chain. Another's is refused.
func (f *founder) registered(ctx context.Context, opts Options) (bool, error) {
	res, err := servicestypes.NewQueryClient(f.main.Conn()).ServiceChain(ctx, &servicestypes.QueryServiceChainRequest{ChainId: opts.ChainID})
	if status.Code(err) == codes.NotFound {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("is %s registered: %w", opts.ChainID, err)
	}
	if res.Chain.Operator != f.key.Address() {
		return false, fmt.Errorf("%s is already registered by %s; choose another --chain-id", opts.ChainID, res.Chain.Operator)
	}
	if res.Chain.Type != opts.Type {
		return false, fmt.Errorf("%s is already registered as %q, not %q; choose another --chain-id", opts.ChainID, res.Chain.Type, opts.Type)
	}
	return true, nil
}

// deposit of the registration, in utop.
func (f *founder) deposit(ctx context.Context, opts Options) (uint64, error) {
	res, err := servicestypes.NewQueryClient(f.main.Conn()).Params(ctx, &servicestypes.QueryParamsRequest{})
	if err != nil {
		return 0, fmt.Errorf("smallest deposit: %w", err)
	}
	smallest := res.Params.MinChainDeposit
	if opts.Deposit != 0 && opts.Deposit < smallest {
		return 0, fmt.Errorf("--deposit is %d utop: %s asks for at least %d; 0 takes the smallest", opts.Deposit, f.mainChainID, smallest)
	}
	return max(opts.Deposit, smallest), nil
}

// register announces the chain on the main chain, unless it is there.
func (f *founder) register(ctx context.Context, opts Options) error {
	if done, err := f.registered(ctx, opts); done || err != nil {
		return err
	}
	deposit, err := f.deposit(ctx, opts)
	if err != nil {
		return err
	}
	_, err = f.main.Send(ctx, f.key, &servicestypes.MsgRegisterServiceChain{
		Operator: f.key.Address(), ChainId: opts.ChainID, Type: opts.Type, Deposit: deposit,
	})
	if err != nil {
		return fmt.Errorf("register %s: %w", opts.ChainID, err)
	}
	return nil
}

// operatorsFile in the chain's directory.
const operatorsFile = "operators.json"

// operator is the account behind one validator; it votes in governance.
type operator struct {
	Address  string `json:"address"`
	Mnemonic string `json:"mnemonic"`
}

// openOperators reads the validators' accounts of an earlier run, or makes them. The founder is the first.
func openOperators(dir string, f *founder, n int) ([]operator, error) {
	file := filepath.Join(dir, operatorsFile)
	bz, err := os.ReadFile(file)
	if err == nil {
		var ops []operator
		if err := json.Unmarshal(bz, &ops); err != nil || len(ops) != n {
			return nil, fmt.Errorf("%s is damaged: it should list %d operators", file, n)
		}
		if ops[0].Address != f.key.Address() {
			return nil, fmt.Errorf("%s was begun by %s, not by %s of --operator-mnemonic-file", dir, ops[0].Address, f.key.Address())
		}
		return ops, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	ops := []operator{{Address: f.key.Address(), Mnemonic: f.mnemonic}}
	for len(ops) < n {
		entropy, err := bip39.NewEntropy(256)
		if err != nil {
			return nil, err
		}
		mnemonic, err := bip39.NewMnemonic(entropy)
		if err != nil {
			return nil, err
		}
		key, err := chain.FromMnemonic(mnemonic)
		if err != nil {
			return nil, err
		}
		ops = append(ops, operator{Address: key.Address(), Mnemonic: mnemonic})
	}
	return ops, writeJSON(file, ops)
}
