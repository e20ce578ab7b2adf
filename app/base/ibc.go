package base

import (
	clienttypes "github.com/cosmos/ibc-go/v11/modules/core/02-client/types"
	porttypes "github.com/cosmos/ibc-go/v11/modules/core/05-port/types"
	ibcapi "github.com/cosmos/ibc-go/v11/modules/core/api"
	ibcexported "github.com/cosmos/ibc-go/v11/modules/core/exported"
	ibctypes "github.com/cosmos/ibc-go/v11/modules/core/types"
	ibctm "github.com/cosmos/ibc-go/v11/modules/light-clients/07-tendermint"

	"encoding/json"
)

// RouteIBC sends IBC v2 packets for one port to its module. 07-tendermint is the only light client there is.
func (a *App) RouteIBC(port string, m ibcapi.IBCModule) ibctm.LightClientModule {
	a.IBC.SetRouter(porttypes.NewRouter())
	routes := ibcapi.NewRouter()
	routes.AddRoute(port, m)
	a.IBC.SetRouterV2(routes)

	light := ibctm.NewLightClientModule(a.Codec, a.IBC.ClientKeeper.GetStoreProvider())
	a.IBC.ClientKeeper.AddRoute(ibctm.ModuleName, &light)
	return light
}

// IBCGenesis narrows the light clients that genesis allows to 07-tendermint; ibc-go's default allows every type.
func (a *App) IBCGenesis(state map[string]json.RawMessage) {
	var gs ibctypes.GenesisState
	a.Codec.MustUnmarshalJSON(state[ibcexported.ModuleName], &gs)
	gs.ClientGenesis.Params = clienttypes.NewParams(ibcexported.Tendermint)
	state[ibcexported.ModuleName] = a.Codec.MustMarshalJSON(&gs)
}
