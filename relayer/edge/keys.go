package edge

import (
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/topnetwork/top/protocol/lattice"
	"github.com/topnetwork/top/protocol/sendtx"
)

// Methods that are asked of one shard by an account. The address is field 1 of each request.
var byAddress = map[string]bool{
	"/cosmos.auth.v1beta1.Query/Account":                 true,
	"/cosmos.auth.v1beta1.Query/AccountInfo":             true,
	"/cosmos.bank.v1beta1.Query/Balance":                 true,
	"/cosmos.bank.v1beta1.Query/AllBalances":             true,
	"/cosmos.bank.v1beta1.Query/SpendableBalances":       true,
	"/cosmos.bank.v1beta1.Query/SpendableBalanceByDenom": true,
	"/top.lattice.v1.Query/Quota":                        true,
	unitsMethod:                                          true,
}

// Other methods that the edge looks into.
const (
	simulateMethod   = "/cosmos.tx.v1beta1.Service/Simulate"
	broadcastMethod  = "/cosmos.tx.v1beta1.Service/BroadcastTx"
	getTxMethod      = "/cosmos.tx.v1beta1.Service/GetTx"
	unitsMethod      = "/top.lattice.v1.Query/Units"
	searchMethod     = "/cosmos.tx.v1beta1.Service/GetTxsEvent"
	supplyMethod     = "/cosmos.bank.v1beta1.Query/SupplyOf"
	headMethod       = "/top.lattice.v1.Query/Head"
	invariantsMethod = "/top.lattice.v1.Query/Invariants"
	submitMethod     = "/top.lattice.v1.Ingest/Submit"
)

// keyOf a request: the account by which it is routed. Without one any shard can say what is wrong with the request.
func keyOf(method string, req []byte) (a lattice.Address, ok bool) {
	var err error
	switch {
	case byAddress[method]:
		a, err = sendtx.Address(string(field(req, 1)))
	case method == simulateMethod:
		return senderOf(field(req, 2))
	case method == broadcastMethod:
		return senderOf(field(req, 1))
	default:
		return a, false
	}
	return a, err == nil
}

// senderOf a transaction, signed or to be tried out.
func senderOf(raw []byte) (lattice.Address, bool) {
	tx, err := sendtx.DecodeUnsigned(raw)
	return tx.From, err == nil
}

// field of bytes in a message, the last one as decoders take it; nil where there is none.
func field(message []byte, number protowire.Number) (value []byte) {
	for len(message) > 0 {
		n, kind, size := protowire.ConsumeTag(message)
		if size < 0 {
			return nil
		}
		message = message[size:]
		if n == number && kind == protowire.BytesType {
			b, used := protowire.ConsumeBytes(message)
			if used < 0 {
				return nil
			}
			value, message = b, message[used:]
			continue
		}
		used := protowire.ConsumeFieldValue(n, kind, message)
		if used < 0 {
			return nil
		}
		message = message[used:]
	}
	return value
}
