package shard

import (
	"errors"
	"io"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/topnetwork/top/app/shardchain"
	"github.com/topnetwork/top/engine"
	latticetypes "github.com/topnetwork/top/x/lattice/types"
)

// maxBatch of transactions in one message.
const maxBatch = 1000

// ingest answers top.lattice.v1.Ingest.
type ingest struct{ app *shardchain.App }

// Submit batches, one after the other.
func (s ingest) Submit(stream latticetypes.Ingest_SubmitServer) error {
	for {
		req, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if len(req.Transactions) > maxBatch {
			return status.Errorf(codes.InvalidArgument, "a batch of %d transactions, at most %d", len(req.Transactions), maxBatch)
		}
		res := &latticetypes.SubmitResponse{}
		for i, err := range s.app.Pool.InsertAll(req.Transactions) {
			if err != nil {
				res.Refused = append(res.Refused, &latticetypes.Refusal{Index: uint32(i), Code: engine.Code(err), Log: err.Error()})
			}
		}
		if err := stream.Send(res); err != nil {
			return err
		}
	}
}
