package edge

import (
	"context"
	"errors"
	"strings"

	rpctypes "github.com/cometbft/cometbft/rpc/jsonrpc/types"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// isFailure of a node, of which another may do better; the rest is the shard's answer.
func isFailure(err error) bool {
	if pruned(err) {
		return true
	}
	var told *rpctypes.RPCError
	if errors.As(err, &told) {
		return false
	}
	if s, ok := status.FromError(err); ok {
		switch s.Code() {
		case codes.Unavailable, codes.DeadlineExceeded, codes.Internal, codes.DataLoss:
			return true
		default:
			return false
		}
	}
	return true
}

// pruned history of a node, which another may still have.
func pruned(err error) bool {
	text := err.Error()
	return strings.Contains(text, "has pruned") || strings.Contains(text, "lowest height is")
}

// unknown transaction: the node has looked for it. Who refuses for load, or was interrupted, has not.
func unknown(err error) bool {
	return status.Code(err) == codes.NotFound || strings.Contains(err.Error(), "not found")
}

// coded makes a failure an answer of gRPC.
func coded(err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, errUnreachable) {
		return status.Error(codes.Unavailable, err.Error())
	}
	if s, ok := status.FromError(err); ok {
		return s.Err()
	}
	switch {
	case errors.Is(err, context.Canceled):
		return status.Error(codes.Canceled, err.Error())
	case errors.Is(err, context.DeadlineExceeded):
		return status.Error(codes.DeadlineExceeded, err.Error())
	}
	return status.Error(codes.InvalidArgument, err.Error())
}
