package keeper

import (
	"context"

	"cosmossdk.io/collections"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/x/billing/types"
)

// maxAnnouncements are made again per block.
const maxAnnouncements = 20

// announcementKey is (epoch from which on, chain, account, whether it is of a provider's record or of a payer's keys).
type announcementKey = collections.Quad[uint64, string, string, bool]

// announceAgain remembers that a service chain has not heard of a payer's keys or a provider's record: a packet timed out, was refused or could not be sent. A revoked
// key would go on spending there.
func (k *Keeper) announceAgain(ctx context.Context, chainID, account string, provider bool) error {
	// Nobody listens on a closed chain.
	if k.checkNotClosed(ctx, chainID) != nil {
		return nil
	}
	now, err := k.Epoch(ctx)
	if err != nil {
		return err
	}
	return k.announcements.Set(ctx, collections.Join4(now+1, chainID, account, provider))
}

// ProviderNotTold implements the registry's BillingKeeper.
func (k *Keeper) ProviderNotTold(ctx context.Context, chainID, address string) error {
	return k.announceAgain(ctx, chainID, address, true)
}

// makeAnnouncements tells service chains again what they have not heard, in the epoch after the failure; what fails again waits for the next.
func (k *Keeper) makeAnnouncements(ctx context.Context, now uint64) error {
	var due []announcementKey
	err := k.announcements.Walk(ctx, nil, func(key announcementKey) (bool, error) {
		if key.K1() > now || len(due) >= maxAnnouncements {
			return true, nil
		}
		due = append(due, key)
		return false, nil
	})
	if err != nil {
		return err
	}
	for _, key := range due {
		if err := k.announcements.Remove(ctx, key); err != nil {
			return err
		}
		if isolated(ctx, func(attempt sdk.Context) error { return k.announce(attempt, key.K2(), key.K3(), key.K4()) }) == nil {
			continue
		}
		if err := k.announceAgain(ctx, key.K2(), key.K3(), key.K4()); err != nil {
			return err
		}
	}
	return nil
}

// announce the newest record, whatever was in the packet that failed.
func (k *Keeper) announce(ctx context.Context, chainID, account string, provider bool) error {
	if provider {
		p, err := k.services.Provider(ctx, chainID, account)
		if err != nil {
			return err
		}
		return k.AfterProviderChanged(ctx, p)
	}
	e, err := k.escrow(ctx, account)
	if err != nil {
		return err
	}
	_, err = k.sendCredit(ctx, e, chainID, 0)
	return err
}

func (k *Keeper) exportAnnouncements(ctx context.Context, gs *types.GenesisState) error {
	return k.announcements.Walk(ctx, nil, func(key announcementKey) (bool, error) {
		gs.Announcements = append(gs.Announcements, types.Announcement{Epoch: key.K1(), ChainId: key.K2(), Account: key.K3(), Provider: key.K4()})
		return false, nil
	})
}
