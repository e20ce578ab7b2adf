// Package account refuses every spelling of an account but one: bech32 also reads capitals, and the books are kept by the text.
package account

import (
	"fmt"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	errorsmod "cosmossdk.io/errors"

	sdk "github.com/cosmos/cosmos-sdk/types"
)

// Check refuses, with the module's own refusal, a message's field that is no account's address in lower case.
func Check(refusal error, field, address string) error {
	if err := spelling(field, address); err != nil {
		return errorsmod.Wrap(refusal, err.Error())
	}
	return nil
}

// CheckQuery refuses the same in a query's field as an invalid argument: it would look like an account that has nothing.
func CheckQuery(field, address string) error {
	if err := spelling(field, address); err != nil {
		return status.Error(codes.InvalidArgument, err.Error())
	}
	return nil
}

func spelling(field, address string) error {
	account, err := sdk.AccAddressFromBech32(address)
	if err != nil {
		return fmt.Errorf("%s %q is no account's address: %w", field, address, err)
	}
	if account.String() != address {
		return fmt.Errorf("%s %q: write it in lower case, %s", field, address, account)
	}
	return nil
}
