package types

import (
	"net/url"
	"slices"

	errorsmod "cosmossdk.io/errors"

	"github.com/topnetwork/top/protocol/sortition/ecvrf"
	"github.com/topnetwork/top/protocol/stake"
	"github.com/topnetwork/top/x/internal/account"
)

// Bounds of what an operator states.
const (
	maxEndpoints = 8
	maxEndpoint  = 256
	maxVersion   = 64
)

// NewNode begins with the initial reputation and a computing power that nobody has measured.
func NewNode(p Params, operator, hotAddress string, vrfKey []byte, roles []Role, endpoints []string, version string) Node {
	return Node{
		Operator: operator, HotAddress: hotAddress, VrfKey: vrfKey, Roles: roles, Endpoints: endpoints, Version: version,
		Reputation: p.Factors.ReputationInitial, Computing: stake.Unit,
	}
}

// Validate checks a node by itself.
func (n Node) Validate() error {
	if err := account.Check(ErrInvalid, "operator", n.Operator); err != nil {
		return err
	}
	if err := checkHot(n.Operator, n.HotAddress); err != nil {
		return err
	}
	if err := ecvrf.CheckKey(n.VrfKey); err != nil {
		return errorsmod.Wrap(ErrInvalid, err.Error())
	}
	// Both may be out of today's bounds, which governance moves, and never out of what these can be.
	if n.Reputation == 0 || n.Reputation > stake.Unit {
		return errorsmod.Wrapf(ErrInvalid, "reputation of %s is %d millionths, want 1 to %d", n.Operator, n.Reputation, stake.Unit)
	}
	if n.Computing == 0 || n.Computing > stake.MaxComputing {
		return errorsmod.Wrapf(ErrInvalid, "computing of %s is %d millionths, want 1 to %d", n.Operator, n.Computing, stake.MaxComputing)
	}
	if n.RegisteredHeight < 0 {
		return errorsmod.Wrapf(ErrInvalid, "%s is registered at height %d", n.Operator, n.RegisteredHeight)
	}
	return checkStated(n.Roles, n.Endpoints, n.Version)
}

// checkStated checks what an operator states about its node.
func checkStated(roles []Role, endpoints []string, version string) error {
	if len(roles) == 0 {
		return errorsmod.Wrap(ErrInvalid, "no role: name at least one, e.g. ROLE_VALIDATOR")
	}
	for i, r := range roles {
		if _, ok := Role_name[int32(r)]; !ok || r == Role_ROLE_UNSPECIFIED || slices.Contains(roles[:i], r) {
			return errorsmod.Wrapf(ErrInvalid, "role %s: want known roles, each once", r)
		}
	}
	if len(endpoints) > maxEndpoints {
		return errorsmod.Wrapf(ErrInvalid, "%d endpoints, at most %d", len(endpoints), maxEndpoints)
	}
	for _, e := range endpoints {
		if u, err := url.Parse(e); err != nil || e == "" || len(e) > maxEndpoint || (u.Scheme == "" && e[0] != '/') {
			return errorsmod.Wrapf(ErrInvalid, "endpoint %q: want a URL or a multiaddress of at most %d bytes, e.g. https://node.example.org or /ip4/203.0.113.7/tcp/26656", e, maxEndpoint)
		}
	}
	if len(version) > maxVersion {
		return errorsmod.Wrapf(ErrInvalid, "a version of %d bytes, at most %d", len(version), maxVersion)
	}
	return nil
}

// checkHot refuses the operator's own account as hot key: the node must not hold what moves the deposit.
func checkHot(operator, hot string) error {
	if err := account.Check(ErrInvalid, "hot_address", hot); err != nil {
		return err
	}
	if hot == operator {
		return errorsmod.Wrap(ErrInvalid, "hot_address is the operator's: use the node's own key (topchaind node-keys)")
	}
	return nil
}

// Weigh gives the entry's stake in each role that is open, by the factors that it has.
func (e Entry) Weigh(params Params, roles []Role) ([]RoleWeight, error) {
	weights := []RoleWeight{}
	for _, role := range roles {
		rule, ok := params.Rule(role)
		if !ok {
			continue
		}
		w := RoleWeight{Role: role, Asset: rule.Asset(e.Own, e.Delegated)}
		if e.Bonded && !e.Jailed {
			var err error
			if w.Weight, err = rule.Comprehensive(e.Own, e.Delegated, e.Reputation, e.Computing); err != nil {
				return nil, err
			}
		}
		weights = append(weights, w)
	}
	return weights, nil
}

// Weight of the entry in a role, 0 where it has none.
func (e Entry) Weight(role Role) uint64 {
	for _, w := range e.Weights {
		if w.Role == role {
			return w.Weight
		}
	}
	return 0
}
