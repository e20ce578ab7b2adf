package types

import "fmt"

// Newer of two clients of one main chain: the one that has its later header. One that was shown two main chains stays the one to go by.
func Newer(a, b *GenesisState) (*GenesisState, error) {
	if a.Params.MainChainId != b.Params.MainChainId {
		return nil, fmt.Errorf("light clients of %q and %q: want both of one main chain", a.Params.MainChainId, b.Params.MainChainId)
	}
	switch {
	case a.Frozen != nil:
		return a, nil
	case b.Frozen != nil || len(a.Headers) == 0 || len(b.Headers) > 0 && b.Headers[len(b.Headers)-1].Height > a.Headers[len(a.Headers)-1].Height:
		return b, nil
	}
	return a, nil
}
