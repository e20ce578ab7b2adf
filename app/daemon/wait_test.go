package daemon

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"
)

func TestWaitLooksAgain(t *testing.T) {
	var parts []time.Duration
	answers := []error{sdkerrors.ErrLogic.Wrap("timed out"), sdkerrors.ErrLogic.Wrap("timed out"), nil}
	look := func(d time.Duration) error {
		parts = append(parts, d)
		return answers[len(parts)-1]
	}
	require.NoError(t, again(15*time.Second, look))
	require.Equal(t, []time.Duration{waitOnce, waitOnce, waitOnce}, parts)

	parts = nil
	require.ErrorIs(t, again(waitOnce+time.Second, look), sdkerrors.ErrLogic)
	require.Equal(t, []time.Duration{waitOnce, time.Second}, parts)

	refused := errors.New("no node")
	parts, answers = nil, []error{refused}
	require.ErrorIs(t, again(15*time.Second, look), refused)
	require.Len(t, parts, 1)
}
