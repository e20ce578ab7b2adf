package keeper

import (
	"context"
	"fmt"

	sdk "github.com/cosmos/cosmos-sdk/types"
)

// isolated runs one item of a block's work: when it fails or panics, it leaves no trace, and the other items go on.
func isolated(ctx context.Context, step func(sdk.Context) error) (err error) {
	attempt, write := sdk.UnwrapSDKContext(ctx).CacheContext()
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	if err := step(attempt); err != nil {
		return err
	}
	write()
	return nil
}
