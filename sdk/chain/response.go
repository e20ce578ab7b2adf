package chain

import (
	"encoding/hex"
	"fmt"

	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
)

// decodeResponses reads the messages' responses from a transaction's data (hex of TxMsgData).
func decodeResponses(data string) ([]*codectypes.Any, error) {
	bz, err := hex.DecodeString(data)
	if err != nil {
		return nil, fmt.Errorf("response data: %w", err)
	}
	var msgData sdk.TxMsgData
	if err := msgData.Unmarshal(bz); err != nil {
		return nil, fmt.Errorf("response data: %w", err)
	}
	return msgData.MsgResponses, nil
}
