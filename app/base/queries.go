package base

import (
	"context"
	"reflect"

	gogogrpc "github.com/cosmos/gogoproto/grpc"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/cosmos/cosmos-sdk/types/query"
)

// MaxPage caps pagination.limit of every query, of the SDK's modules and IBC's too: no single question may make a node collect all that it has.
const MaxPage = 500

// Queries is where a chain's query services are registered: what comes over gRPC, REST and CometBFT's abci_query all passes through it.
func (a *App) Queries() gogogrpc.Server { return pageCap{a.GRPCQueryRouter()} }

// pageCap looks at each request as soon as it is decoded. It stands in the services' own descriptions, since the gRPC server and abci_query share nothing later.
type pageCap struct{ next gogogrpc.Server }

func (p pageCap) RegisterService(desc *grpc.ServiceDesc, service any) {
	capped := *desc
	capped.Methods = make([]grpc.MethodDesc, len(desc.Methods))
	for i, method := range desc.Methods {
		capped.Methods[i] = grpc.MethodDesc{
			MethodName: method.MethodName,
			Handler: func(srv any, ctx context.Context, decode func(any) error, interceptor grpc.UnaryServerInterceptor) (any, error) {
				return method.Handler(srv, ctx, func(req any) error {
					if err := decode(req); err != nil {
						return err
					}
					return checkPage(req)
				}, interceptor)
			},
		}
	}
	p.next.RegisterService(&capped, service)
}

// checkPage finds the page request by its type: many of the SDK's requests have no getter for it.
func checkPage(req any) error {
	v := reflect.Indirect(reflect.ValueOf(req))
	if v.Kind() != reflect.Struct {
		return nil
	}
	for i := range v.NumField() {
		if !v.Type().Field(i).IsExported() {
			continue
		}
		if page, ok := v.Field(i).Interface().(*query.PageRequest); ok && page != nil && page.Limit > MaxPage {
			return status.Errorf(codes.InvalidArgument, "pagination.limit %d, at most %d: ask for the rest with pagination.key set to the answer's next_key", page.Limit, MaxPage)
		}
	}
	return nil
}
