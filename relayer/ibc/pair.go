package ibc

import (
	"context"
	"fmt"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/cosmos/cosmos-sdk/types/query"

	clienttypes "github.com/cosmos/ibc-go/v11/modules/core/02-client/types"
	clienttypesv2 "github.com/cosmos/ibc-go/v11/modules/core/02-client/v2/types"
	ibcexported "github.com/cosmos/ibc-go/v11/modules/core/exported"
)

// candidate is a client by which a chain could be linked, and the counterparty that it has for good, if any.
type candidate struct{ id, counterparty string }

// choose the clients of a link, empty where one is to be created. A chain that is linked already is so for good: then its client and that one's counterparty are the pair.
func choose(ctx context.Context, main, service *Endpoint, named Clients, trusting time.Duration) (c Clients, err error) {
	switch {
	case named.Service != "":
		c.Service = named.Service
		c.Main, err = partner(ctx, service, named.Service, main)
		return c, err
	case named.Main != "":
		c.Main = named.Main
		c.Service, err = partner(ctx, main, named.Main, service)
		return c, err
	}
	mains, err := candidates(ctx, main, service, trusting)
	if err != nil {
		return c, err
	}
	services, err := candidates(ctx, service, main, trusting)
	if err != nil {
		return c, err
	}
	return pair(mains, services), nil
}

// pair answers two candidates of which at least one has the other as its counterparty, and none another one; where there are none, those that are free.
func pair(mains, services []candidate) Clients {
	for _, m := range mains {
		for _, s := range services {
			joined := m.counterparty == s.id || s.counterparty == m.id
			if joined && m.takes(s) && s.takes(m) {
				return Clients{Main: m.id, Service: s.id}
			}
		}
	}
	return Clients{Main: free(mains), Service: free(services)}
}

// takes tells whether another client is the counterparty or can become it.
func (c candidate) takes(other candidate) bool {
	return c.counterparty == "" || c.counterparty == other.id
}

// free answers the first candidate without a counterparty, or "".
func free(all []candidate) string {
	for _, c := range all {
		if c.counterparty == "" {
			return c.id
		}
	}
	return ""
}

// candidates are the clients of `of` on `on` that this signer created: right chain, right trust, neither expired nor frozen.
func candidates(ctx context.Context, on, of *Endpoint, trusting time.Duration) ([]candidate, error) {
	q := clienttypes.NewQueryClient(on.Conn())
	var all []candidate
	page := &query.PageRequest{Limit: 100}
	for {
		res, err := q.ClientStates(ctx, &clienttypes.QueryClientStatesRequest{Pagination: page})
		if err != nil {
			return nil, fmt.Errorf("clients on %s: %w", on.ChainID(), err)
		}
		for _, c := range res.ClientStates {
			tm, err := on.unpackClient(c.ClientState)
			if err != nil || tm.ChainId != of.ChainID() || tm.TrustingPeriod != trusting || tm.TrustLevel != trustLevel {
				continue
			}
			// Only its creator may register a client's counterparty.
			if creator, err := creatorOf(ctx, on, c.ClientId); err != nil {
				return nil, err
			} else if creator != on.Signer() {
				continue
			}
			if st, err := statusOfClient(ctx, on, c.ClientId); err != nil {
				return nil, err
			} else if st != ibcexported.Active.String() {
				continue
			}
			other, err := counterparty(ctx, on, c.ClientId)
			if err != nil {
				return nil, err
			}
			all = append(all, candidate{c.ClientId, other})
		}
		if res.Pagination == nil || len(res.Pagination.NextKey) == 0 {
			return all, nil
		}
		page = &query.PageRequest{Limit: 100, Key: res.Pagination.NextKey}
	}
}

// partner is the counterparty of the client by which a chain is linked, if the other chain can still be linked by it.
func partner(ctx context.Context, linked *Endpoint, clientID string, other *Endpoint) (string, error) {
	if err := active(ctx, linked, clientID); err != nil {
		return "", err
	}
	id, err := counterparty(ctx, linked, clientID)
	if err != nil {
		return "", err
	}
	state, err := other.clientState(ctx, id)
	if status.Code(err) == codes.NotFound {
		return "", apart(linked, clientID, fmt.Sprintf("%s has no client %q, which is its counterparty", other.ChainID(), id))
	}
	if err != nil {
		return "", err
	}
	if state.ChainId != linked.ChainID() {
		return "", apart(linked, clientID, fmt.Sprintf("its counterparty %s on %s follows %s", id, other.ChainID(), state.ChainId))
	}
	if err := active(ctx, other, id); err != nil {
		return "", err
	}
	back, err := counterparty(ctx, other, id)
	if err != nil {
		return "", err
	}
	if back != "" && back != clientID {
		return "", apart(linked, clientID, fmt.Sprintf("its counterparty %s on %s has the counterparty %s", id, other.ChainID(), back))
	}
	if back == "" {
		creator, err := creatorOf(ctx, other, id)
		if err != nil {
			return "", err
		}
		if creator != other.Signer() {
			return "", fmt.Errorf("client %s on %s names no counterparty, and only %s, who created it, may: let that account register %s (MsgRegisterCounterparty), then link again",
				id, other.ChainID(), creator, clientID)
		}
	}
	return id, nil
}

// active refuses a client that takes no headers.
func active(ctx context.Context, on *Endpoint, clientID string) error {
	st, err := statusOfClient(ctx, on, clientID)
	if err != nil || st == ibcexported.Active.String() {
		return err
	}
	return fmt.Errorf("client %s on %s is %s, and the link needs it: governance of %s recovers it (MsgRecoverClient), then link again", clientID, on.ChainID(), st, on.ChainID())
}

// mutual refuses a link by clients that are not each other's counterparties: nothing passes between them.
func mutual(ctx context.Context, main, service *Endpoint, c Clients) error {
	for _, side := range []struct {
		on       *Endpoint
		id, want string
	}{{main, c.Main, c.Service}, {service, c.Service, c.Main}} {
		got, err := counterparty(ctx, side.on, side.id)
		if err != nil {
			return unanswered(err)
		}
		if got == "" {
			// Without one it could not have been linked: the node that said so is behind.
			return unanswered(fmt.Errorf("the counterparty of %s on %s is not known yet", side.id, side.on.ChainID()))
		}
		if got != side.want {
			return apart(side.on, side.id, fmt.Sprintf("its counterparty is %q, and the other chain is linked by %s", got, side.want))
		}
	}
	return nil
}

// apart says of a link that nothing will ever pass through it.
func apart(on *Endpoint, clientID, why string) error {
	return fmt.Errorf("%s is linked by client %s for good, and nothing can pass: %s: end the service chain (`topchaind tx services exit-service-chain`) and found another",
		on.ChainID(), clientID, why)
}

// counterparty that a client's chain knows, or "".
func counterparty(ctx context.Context, on *Endpoint, clientID string) (string, error) {
	res, err := clienttypesv2.NewQueryClient(on.Conn()).CounterpartyInfo(ctx, &clienttypesv2.QueryCounterpartyInfoRequest{ClientId: clientID})
	switch {
	case status.Code(err) == codes.NotFound:
		return "", nil
	case err != nil:
		return "", fmt.Errorf("counterparty of %s on %s: %w", clientID, on.ChainID(), err)
	case res.CounterpartyInfo == nil:
		return "", nil
	}
	return res.CounterpartyInfo.ClientId, nil
}

func creatorOf(ctx context.Context, on *Endpoint, clientID string) (string, error) {
	res, err := clienttypes.NewQueryClient(on.Conn()).ClientCreator(ctx, &clienttypes.QueryClientCreatorRequest{ClientId: clientID})
	if err != nil {
		return "", fmt.Errorf("creator of %s on %s: %w", clientID, on.ChainID(), err)
	}
	return res.Creator, nil
}

func statusOfClient(ctx context.Context, on *Endpoint, clientID string) (string, error) {
	res, err := clienttypes.NewQueryClient(on.Conn()).ClientStatus(ctx, &clienttypes.QueryClientStatusRequest{ClientId: clientID})
	if err != nil {
		return "", fmt.Errorf("status of %s on %s: %w", clientID, on.ChainID(), err)
	}
	return res.Status, nil
}
