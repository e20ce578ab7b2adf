package keeper_test

import (
	"context"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/topnetwork/top/testutil/books"
	billingkeeper "github.com/topnetwork/top/x/billing/keeper"
	billingtypes "github.com/topnetwork/top/x/billing/types"
	serviceskeeper "github.com/topnetwork/top/x/services/keeper"
	servicestypes "github.com/topnetwork/top/x/services/types"
	"github.com/topnetwork/top/x/usage/keeper"
	"github.com/topnetwork/top/x/usage/types"
)

// What is no address is no account without credit, escrow or claims: the answer says so, on both chains, by a code that clients tell apart from "not found".
func TestQueriesForNobodyAreRefused(t *testing.T) {
	n, _ := served(t)
	key, pat := hex.EncodeToString(books.Public("ann")), books.Address("pat")
	usage, billing, services := keeper.NewQueryServer(n.Service.Usage), billingkeeper.NewQueryServer(n.Main.Billing), serviceskeeper.NewQueryServer(n.Main.Services)
	for name, ask := range map[string]func(string) error{
		"credit": func(a string) error { return asked(n.Service.Ctx, usage.Credit, &types.QueryCreditRequest{Owner: a}) },
		"sub-line": func(a string) error {
			return asked(n.Service.Ctx, usage.SubLine, &types.QuerySubLineRequest{Owner: a, Provider: pat, SessionKey: key})
		},
		"sub-line with": func(a string) error {
			return asked(n.Service.Ctx, usage.SubLine, &types.QuerySubLineRequest{Owner: pat, Provider: a, SessionKey: key})
		},
		"sub-lines": func(a string) error {
			return asked(n.Service.Ctx, usage.SubLines, &types.QuerySubLinesRequest{Owner: a})
		},
		"spending": func(a string) error {
			return asked(n.Service.Ctx, usage.KeySpending, &types.QueryKeySpendingRequest{Owner: a, Key: key})
		},
		"provider": func(a string) error {
			return asked(n.Service.Ctx, usage.Provider, &types.QueryProviderRequest{Address: a})
		},
		"claim": func(a string) error { return asked(n.Service.Ctx, usage.Claim, &types.QueryClaimRequest{Provider: a}) },
		"claims": func(a string) error {
			return asked(n.Service.Ctx, usage.Claims, &types.QueryClaimsRequest{Provider: a})
		},
		"debit": func(a string) error {
			return asked(n.Service.Ctx, usage.DebitProof, &types.QueryDebitProofRequest{Provider: a, Payer: pat, SessionKey: key})
		},
		"escrow": func(a string) error {
			return asked(n.Main.Ctx, billing.Escrow, &billingtypes.QueryEscrowRequest{Owner: a})
		},
		"credit lines": func(a string) error {
			return asked(n.Main.Ctx, billing.CreditLines, &billingtypes.QueryCreditLinesRequest{Owner: a})
		},
		"payout": func(a string) error {
			return asked(n.Main.Ctx, billing.Payout, &billingtypes.QueryPayoutRequest{ChainId: books.ServiceID, Provider: a})
		},
		"explain": func(a string) error {
			return asked(n.Main.Ctx, billing.Explain, &billingtypes.QueryExplainRequest{ChainId: books.ServiceID, Provider: a})
		},
		"open disputes": func(a string) error {
			return asked(n.Main.Ctx, billing.OpenDisputes, &billingtypes.QueryOpenDisputesRequest{ChainId: books.ServiceID, Provider: a})
		},
		"registration": func(a string) error {
			return asked(n.Main.Ctx, services.Provider, &servicestypes.QueryProviderRequest{ChainId: books.ServiceID, Address: a})
		},
	} {
		for _, nobody := range []string{"", "nobody", "top1garbage", strings.ToUpper(pat)} {
			require.Equal(t, codes.InvalidArgument, status.Code(ask(nobody)), "%s of %q", name, nobody)
		}
		require.NotEqual(t, codes.InvalidArgument, status.Code(ask(pat)), name)
	}
	_, err := usage.Claims(n.Service.Ctx, &types.QueryClaimsRequest{Provider: "nobody"})
	require.ErrorContains(t, err, `provider "nobody" is no account's address`)
	_, err = billing.Escrow(n.Main.Ctx, &billingtypes.QueryEscrowRequest{Owner: "garbage"})
	require.ErrorContains(t, err, `owner "garbage" is no account's address`)
}

// asked is how a query fails.
func asked[Q, R any](ctx context.Context, query func(context.Context, *Q) (*R, error), request *Q) error {
	_, err := query(ctx, request)
	return err
}
