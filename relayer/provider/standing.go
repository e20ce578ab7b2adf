package provider

import (
	"fmt"

	servicestypes "github.com/topnetwork/top/x/services/types"
)

// settleEpochs is how long what is used in an epoch may take to be settled: claimed in the next one, challenged by a seed perhaps two later, its proof perhaps in the one
// after, settled in the fifth by the packet of that epoch, which comes again in the sixth when the main chain refuses it or the relayer is late.
const settleEpochs = 6

// leastLead of the main chain's epoch before the service chain's, which hears of each epoch a little later.
const leastLead = 2

// Standing is what the main chain says about a provider and its service chain.
type Standing struct {
	// Epoch of the main chain, and Notice that it gives before a service chain closes.
	Epoch, Notice uint64
	// EpochBlocks is the length of the main chain's epochs, ServiceEpochBlocks that of those by which the service chain counts.
	EpochBlocks, ServiceEpochBlocks uint64
	// Window is how many epochs after its end an epoch can be claimed on the service chain.
	Window uint64
	// ClosingEpoch is the first in which the service chain settles no more; 0 while it stays.
	ClosingEpoch uint64
	// Registered tells whether the rest is about a provider that there is.
	Registered bool
	Status     servicestypes.ProviderStatus
	// Deposit in utop, and the least with which a provider can be active.
	Deposit, Least uint64
}

// halt says why a provider must serve nobody in an epoch, and what its operator can do; "" when it may serve. An inactive provider becomes active by registering again,
// which it does when it starts and never by itself later: somebody has made it inactive since.
func (s Standing) halt(chainID string, epoch uint64, started bool) string {
	heard := epoch
	epoch = max(epoch, s.Epoch)
	switch {
	case s.Status == servicestypes.ProviderStatus_PROVIDER_STATUS_EXITING:
		return fmt.Sprintf("the account is leaving as a provider of %s: when the notice has passed, topchaind tx services withdraw-provider-deposit", chainID)
	case s.Status == servicestypes.ProviderStatus_PROVIDER_STATUS_EXITED:
		return fmt.Sprintf("the account has left as a provider of %s: topchaind tx services register-provider to come back, or provide with another account and identity", chainID)
	case s.EpochBlocks != s.ServiceEpochBlocks:
		return fmt.Sprintf("an epoch has %d blocks on the main chain, and %s was founded with %d: nothing used there can be paid; its operator ends it and founds another with --epoch-blocks %d, provide on that",
			s.EpochBlocks, chainID, s.ServiceEpochBlocks, s.EpochBlocks)
	case s.Epoch >= heard+max(s.Window, leastLead+1)-1:
		return fmt.Sprintf("%s last heard of the main chain in epoch %d, now is %d, and what is used now might be too late to claim: is a relayer running between them?", chainID, heard, s.Epoch)
	case s.ClosingEpoch > 0 && !s.Registered:
		return fmt.Sprintf("%s closes with epoch %d and takes no provider: provide on another service chain", chainID, s.ClosingEpoch)
	case s.ClosingEpoch > 0 && epoch+settleEpochs >= s.ClosingEpoch:
		return fmt.Sprintf("%s closes with epoch %d, and what is used now might not be settled by then: provide on another service chain", chainID, s.ClosingEpoch)
	case s.ClosingEpoch == 0 && epoch+settleEpochs >= s.Epoch+s.Notice:
		return fmt.Sprintf("the main chain was last heard of in epoch %d, now is %d: %s may be closing; check chains.main", s.Epoch, epoch, chainID)
	case s.Registered && s.Deposit < s.Least && s.Status != servicestypes.ProviderStatus_PROVIDER_STATUS_ACTIVE:
		return fmt.Sprintf("%d utop of deposit are left, %d are needed: topchaind tx services add-provider-deposit, then start the relayer again", s.Deposit, s.Least)
	case started && s.Status != servicestypes.ProviderStatus_PROVIDER_STATUS_ACTIVE:
		return "the provider was made inactive: start the relayer again, or topchaind tx services update-provider, to serve"
	}
	return ""
}
