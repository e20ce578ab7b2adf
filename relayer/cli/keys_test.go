package cli

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const mnemonic = "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about"

// address of the mnemonic.
const address = "top19rl4cm2hmr8afy4kldpxz3fka4jguq0akmlqs2"

// outputs runs a command and tells its two outputs apart.
func outputs(stdin string, args ...string) (stdout, stderr string, err error) {
	cmd := root()
	var out, errs bytes.Buffer
	cmd.SetIn(strings.NewReader(stdin))
	cmd.SetOut(&out)
	cmd.SetErr(&errs)
	cmd.SetArgs(args)
	err = cmd.Execute()
	return out.String(), errs.String(), err
}

// A new key's mnemonic is shown once, on stderr; nothing else shows it, and a mnemonic that its owner has is not repeated.
func TestKeysShowAMnemonicOnce(t *testing.T) {
	home := t.TempDir()
	out, errs, err := outputs("", "keys", "add", "fresh", "--home", home)
	require.NoError(t, err)
	bz, err := os.ReadFile(filepath.Join(home, "keys", "fresh.json"))
	require.NoError(t, err)
	var stored struct{ Address, Mnemonic string }
	require.NoError(t, json.Unmarshal(bz, &stored))
	require.JSONEq(t, `{"name":"fresh","address":"`+stored.Address+`"}`, out)
	require.Equal(t, 1, strings.Count(errs, stored.Mnemonic))
	secret := strings.Join(strings.Fields(stored.Mnemonic)[:3], " ")

	file := filepath.Join(home, "mnemonic")
	require.NoError(t, os.WriteFile(file, []byte(mnemonic+"\n"), 0o600))
	for _, c := range []struct {
		stdin string
		args  []string
	}{{"", []string{"again", "--mnemonic-file", file}}, {mnemonic + "\n", []string{"recovered", "--recover"}}, {mnemonic, []string{"unended", "--recover"}}} {
		out, errs, err = outputs(c.stdin, append([]string{"keys", "add", "--home", home}, c.args...)...)
		require.NoError(t, err)
		require.Contains(t, out, address)
		require.NotContains(t, out+errs, "abandon")
	}
	out, errs, err = outputs("", "keys", "show", "recovered", "--home", home)
	require.NoError(t, err)
	require.JSONEq(t, `{"name":"recovered","address":"`+address+`"}`, out)
	require.Empty(t, errs)
	out, errs, err = outputs("", "keys", "list", "--home", home)
	require.NoError(t, err)
	require.Len(t, strings.Fields(out), 4)
	for _, name := range []string{"again", "fresh", "recovered", "unended"} {
		require.Contains(t, out, `"name":"`+name+`"`)
	}
	require.NotContains(t, out+errs, secret)

	for want, c := range map[string]struct {
		stdin string
		args  []string
	}{
		"BIP-39":                    {mnemonic + " about\n", []string{"add", "wrong", "--recover"}},
		"stdin is empty":            {"", []string{"add", "empty", "--recover"}},
		"none of the others can":    {mnemonic, []string{"add", "two", "--recover", "--mnemonic-file", file}},
		`key "recovered" exists in`: {mnemonic, []string{"add", "recovered", "--recover"}},
	} {
		out, errs, err = outputs(c.stdin, append([]string{"keys", "--home", home}, c.args...)...)
		require.ErrorContains(t, err, want)
		require.NotContains(t, out+errs+err.Error(), "abandon")
	}
}

func TestEmptyListOfKeysSaysHowToAddOne(t *testing.T) {
	out, errs, err := outputs("", "keys", "list", "--home", t.TempDir())
	require.NoError(t, err)
	require.Empty(t, out)
	require.Contains(t, errs, "relayer keys add NAME")
}

// A command that does not exist is an error that names those there are, at every level.
func TestUnknownCommandsAreRefused(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"keys", "foo"}, "there are add, list, show"},
		{[]string{"config", "foo"}, "there are check, reference"},
		{[]string{"foo"}, "there are check, completion, config, init, keys, link, start, version"},
	} {
		_, _, err := outputs("", c.args...)
		require.ErrorContains(t, err, "unknown command \"foo\"")
		require.ErrorContains(t, err, c.want)
	}
	out, _, err := outputs("")
	require.NoError(t, err)
	require.Contains(t, out, "Available Commands")
	_, _, err = outputs("", "check")
	require.ErrorContains(t, err, "alone does nothing: there is supply")
}

func TestVersion(t *testing.T) {
	short, _, err := outputs("", "version")
	require.NoError(t, err)
	require.Len(t, strings.Split(strings.TrimSpace(short), "\n"), 1)
	long, _, err := outputs("", "version", "--long")
	require.NoError(t, err)
	require.Contains(t, long, "server_name: relayer")
	require.Contains(t, long, "build_deps")
}
