package testnet

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/node/home"
)

func TestHosts(t *testing.T) {
	for _, c := range []struct {
		o    Options
		want []string
	}{
		{Options{Validators: 2}, []string{home.Loopback, home.Loopback}},
		{Options{Validators: 3, BasePort: 1, StartingIP: "10.0.0.254"}, []string{"10.0.0.254", "10.0.0.255", "10.0.1.0"}},
		{Options{Validators: 2, BasePort: 1, StartingIP: "fd00::ffff"}, []string{"fd00::ffff", "fd00::1:0"}},
	} {
		hosts, err := c.o.hosts()
		require.NoError(t, err)
		require.Equal(t, c.want, hosts)
	}
	for want, o := range map[string]Options{
		"want the first validator's address": {Validators: 1, BasePort: 1, StartingIP: "localhost"},
		"needs --base-port":                  {Validators: 1, StartingIP: "10.0.0.1"},
		"without an address of a machine":    {Validators: 2, BasePort: 1, StartingIP: "255.255.255.255"},
		"leaves validator0":                  {Validators: 2, BasePort: 1, StartingIP: "0.0.0.0"},
	} {
		_, err := o.hosts()
		require.ErrorContains(t, err, want)
	}
}
