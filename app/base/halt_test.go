package base

import (
	"testing"
	"time"

	"github.com/spf13/viper"
	"github.com/stretchr/testify/require"
)

func TestHaltIsDue(t *testing.T) {
	noon := time.Date(2030, 1, 1, 12, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		height, at int64
		want       string
	}{
		"never":               {},
		"before the height":   {height: 8},
		"at the height":       {height: 7, want: "halt-height is 7: the last block executed is 6; raise it"},
		"after the height":    {height: 3, want: "halt-height is 3: the last block executed is 6; raise it"},
		"before the time":     {at: noon.Unix() + 1},
		"at the time":         {at: noon.Unix(), want: "halt-time is 1893499200 (2030-01-01T12:00:00Z): the last block executed is 6"},
		"the height, no time": {height: 7, at: noon.Unix() + 1, want: "halt-height"},
		"the time, no height": {height: 8, at: noon.Unix() - 1, want: "halt-time"},
	} {
		t.Run(name, func(t *testing.T) {
			v := viper.New()
			v.Set("halt-height", c.height)
			v.Set("halt-time", c.at)
			err := (&App{appOptions: v}).haltDue(7, noon)
			if c.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, c.want)
			var wanted *HaltReached
			require.ErrorAs(t, err, &wanted)
		})
	}
}
