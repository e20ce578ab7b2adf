package localnet

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRESTCollectsAllPagesAtOneHeight(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("x-cosmos-block-height") != "7" {
			http.Error(w, `{"message":"wrong height"}`, http.StatusBadRequest)
			return
		}
		switch r.URL.Query().Get("pagination.key") {
		case "":
			fmt.Fprint(w, `{"claims":[{"sum":"1","count":2}],"pagination":{"next_key":"a+/="}}`)
		case "a+/=":
			fmt.Fprint(w, `{"claims":[{"sum":"18446744073709551615","count":"3"}],"pagination":{"next_key":null}}`)
		default:
			http.NotFound(w, r)
		}
	}))
	defer srv.Close()
	type claim struct{ Sum, Count Uint }

	claims, err := All[claim](context.Background(), REST{URL: srv.URL}.At(7), "/claims", "claims")
	require.NoError(t, err)
	require.Equal(t, []claim{{1, 2}, {18446744073709551615, 3}}, claims)

	_, err = All[claim](context.Background(), REST{URL: srv.URL}.At(7), "/claims", "payouts")
	require.ErrorContains(t, err, `no field "payouts"`)

	_, err = All[claim](context.Background(), REST{URL: srv.URL}, "/claims", "claims")
	require.ErrorContains(t, err, "HTTP 400")
	require.ErrorContains(t, err, "wrong height")
}

func TestUintRefusesWhatIsNotOne(t *testing.T) {
	for _, bad := range []string{`"-1"`, `1.5`, `""`, `null`, `"18446744073709551616"`} {
		var u Uint
		require.Error(t, u.UnmarshalJSON([]byte(bad)), bad)
	}
}
