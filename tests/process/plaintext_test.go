//go:build process

package process

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/sdk/keyfile"
	"github.com/topnetwork/top/testutil/localnet"
	"github.com/topnetwork/top/testutil/localnet/play"
)

// absences counts how often lookForPlaintext has looked.
var absences int

// lookForPlaintext searches what providers have on disk while messages wait there, which is when they have most.
func lookForPlaintext(cast *play.Cast) error {
	absences++
	if err := searchProviders(cast.Network); err != nil {
		return err
	}
	// The search reaches the mailboxes: whose they are is in the open.
	for _, u := range cast.Users {
		identity, err := keyfile.Load(filepath.Join(u.Home, "identity.key"))
		if err != nil {
			return err
		}
		mailboxes := 0
		for _, p := range cast.Network.Providers {
			found, _, err := search(p.Home, identity.Public().(ed25519.PublicKey))
			if err != nil {
				return err
			}
			mailboxes += len(found)
		}
		if mailboxes == 0 {
			return fmt.Errorf("no provider has a mailbox of %s in a file", u.Key.Name)
		}
	}
	return nil
}

func searchProviders(n *localnet.Network) error {
	for _, p := range n.Providers {
		for _, place := range []string{p.Home, n.Process(p.Name).Spec.Log} {
			found, bytes, err := search(place, []byte(play.Marker))
			if err != nil {
				return err
			}
			if len(found) > 0 {
				return fmt.Errorf("%s has a message's text in %v", p.Name, found)
			}
			if bytes == 0 {
				return fmt.Errorf("there was nothing to search in %s", place)
			}
		}
	}
	return nil
}

// search names the files below a place that hold the text, as it is, in hex or in any alignment of base64, and says how many bytes were looked through.
func search(place string, text []byte) (found []string, size int64, err error) {
	forms := [][]byte{text, []byte(hex.EncodeToString(text)), bytes.ToUpper([]byte(hex.EncodeToString(text)))}
	for shift := range 3 {
		// The first and last groups mix with the neighbours; the ones between depend on the text alone.
		aligned := text[shift : shift+(len(text)-shift)/3*3]
		forms = append(forms, []byte(base64.RawStdEncoding.EncodeToString(aligned)), []byte(base64.RawURLEncoding.EncodeToString(aligned)))
	}
	err = filepath.WalkDir(place, func(path string, entry fs.DirEntry, err error) error {
		if os.IsNotExist(err) {
			return nil // the database has just removed it
		}
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		content, err := os.ReadFile(path)
		if os.IsNotExist(err) {
			return nil
		}
		if err != nil {
			return err
		}
		size += int64(len(content))
		for _, form := range forms {
			if bytes.Contains(content, form) {
				found = append(found, path)
				break
			}
		}
		return nil
	})
	return found, size, err
}

func TestProvidersHaveNoPlaintext(t *testing.T) {
	require.Equal(t, 2, absences, "providers were searched while messages waited for either user")
	require.NoError(t, searchProviders(net))

	// The search finds what is there.
	dir := t.TempDir()
	for i, leak := range []string{
		"x" + play.Marker, hex.EncodeToString([]byte("x" + play.Marker)), base64.StdEncoding.EncodeToString([]byte(play.Marker + "y")),
		base64.URLEncoding.EncodeToString([]byte("x" + play.Marker + "y")), base64.StdEncoding.EncodeToString([]byte("xx" + play.Marker)),
	} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, fmt.Sprint(i)), []byte("before "+leak+" after"), 0o600))
	}
	found, _, err := search(dir, []byte(play.Marker))
	require.NoError(t, err)
	require.Len(t, found, 5)
}
