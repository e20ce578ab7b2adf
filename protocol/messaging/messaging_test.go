package messaging

import (
	"bytes"
	"crypto/ed25519"
	"crypto/hpke"
	"encoding/hex"
	"encoding/json"
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

var update = flag.Bool("update", false, "write testdata again")

// person is an identity with one prekey, all from one byte.
type person struct {
	key     ed25519.PrivateKey
	contact *Contact
	prekey  *Prekey
	secret  []byte
}

func newPerson(t require.TestingT, seed byte, lastResort bool) person {
	key := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{seed}, 32))
	prekey, secret, err := NewPrekey(bytes.NewReader(bytes.Repeat([]byte{seed + 100}, 32)), key, 7, lastResort, 2_000_000_000)
	require.NoError(t, err)
	provider := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{seed + 50}, 32)).Public().(ed25519.PublicKey)
	return person{
		key: key, prekey: prekey, secret: secret,
		contact: &Contact{Identity: key.Public().(ed25519.PublicKey), Providers: [][]byte{provider}},
	}
}

func text(from person, body string) *Payload {
	return &Payload{Id: bytes.Repeat([]byte{9}, IDSize), Sender: from.contact, Kind: Kind_KIND_TEXT, SentUnixMs: 1, Body: []byte(body)}
}

func TestSealOpen(t *testing.T) {
	for _, lastResort := range []bool{false, true} {
		alice, bob := newPerson(t, 1, false), newPerson(t, 2, lastResort)
		require.NoError(t, bob.prekey.Verify(bob.contact.Identity, 1_900_000_000))
		e, err := Seal(text(alice, "hello"), alice.key, bob.prekey)
		require.NoError(t, err)
		require.NoError(t, e.Validate())
		require.Equal(t, uint64(2), e.KiB())
		p, err := Open(e, bob.secret, lastResort)
		require.NoError(t, err)
		require.Equal(t, "hello", string(p.Body))
		require.Equal(t, alice.contact, p.Sender)
		require.False(t, bytes.Contains(e.Sealed, []byte("hello")))
		require.False(t, bytes.Contains(e.Sealed, alice.contact.Identity), "the provider must not learn the sender")

		_, err = Open(e, bob.secret, !lastResort)
		require.ErrorIs(t, err, ErrEnvelope, "one kind of prekey must not pass for the other")
	}
}

// TestMisuse: what was sealed opens for nobody else, in no other place, and not when a bit of it changed.
func TestMisuse(t *testing.T) {
	alice, bob, eve := newPerson(t, 1, false), newPerson(t, 2, false), newPerson(t, 3, false)
	e, err := Seal(text(alice, "hello"), alice.key, bob.prekey)
	require.NoError(t, err)
	change := func(f func(*Envelope)) *Envelope {
		c := &Envelope{Recipient: bytes.Clone(e.Recipient), PrekeyId: e.PrekeyId, Sealed: bytes.Clone(e.Sealed)}
		f(c)
		return c
	}
	for name, c := range map[string]*Envelope{
		"other recipient":       change(func(c *Envelope) { c.Recipient = eve.contact.Identity }),
		"other prekey":          change(func(c *Envelope) { c.PrekeyId++ }),
		"prekey 0":              change(func(c *Envelope) { c.PrekeyId = 0 }),
		"bit of encapsulation":  change(func(c *Envelope) { c.Sealed[0] ^= 1 }),
		"bit of X25519 part":    change(func(c *Envelope) { c.Sealed[1119] ^= 1 }),
		"bit of ciphertext":     change(func(c *Envelope) { c.Sealed[1500] ^= 1 }),
		"bit of authentication": change(func(c *Envelope) { c.Sealed[len(c.Sealed)-1] ^= 1 }),
		"cut":                   change(func(c *Envelope) { c.Sealed = c.Sealed[:1024] }),
		"size between buckets":  change(func(c *Envelope) { c.Sealed = append(c.Sealed, 0) }),
	} {
		_, err := Open(c, bob.secret, false)
		require.ErrorIs(t, err, ErrEnvelope, name)
		require.NotEqual(t, e.ID(), c.ID(), name)
	}
	_, err = Open(e, eve.secret, false)
	require.ErrorIs(t, err, ErrEnvelope, "eve's secret")

	// Eve passes on what alice wrote to her, as if it had been for bob.
	toEve, err := Seal(text(alice, "for eve"), alice.key, eve.prekey)
	require.NoError(t, err)
	p, err := Open(toEve, eve.secret, false)
	require.NoError(t, err)
	_, err = Open(reseal(t, p, bob), bob.secret, false)
	require.ErrorIs(t, err, ErrPayload)
	p.Recipient, p.PrekeyId = bob.prekey.Identity, bob.prekey.Id
	_, err = Open(reseal(t, p, bob), bob.secret, false)
	require.ErrorIs(t, err, ErrPayload)

	// Nobody signs in another's name.
	_, err = Seal(text(alice, "as alice"), eve.key, bob.prekey)
	require.ErrorIs(t, err, ErrPayload)
}

// reseal encrypts a payload as it is, without signing it again.
func reseal(t *testing.T, p *Payload, to person) *Envelope {
	raw, err := p.Marshal()
	require.NoError(t, err)
	padded, err := pad(raw)
	require.NoError(t, err)
	key, err := kem().NewPublicKey(to.prekey.PublicKey)
	require.NoError(t, err)
	sealed, err := hpke.Seal(key, kdf(), aead(), info(to.prekey.Identity, to.prekey.Id, false), padded)
	require.NoError(t, err)
	return &Envelope{Recipient: to.prekey.Identity, PrekeyId: to.prekey.Id, Sealed: sealed}
}

func TestPayloadShape(t *testing.T) {
	alice, bob := newPerson(t, 1, false), newPerson(t, 2, false)
	for name, f := range map[string]func(*Payload){
		"short id":               func(p *Payload) { p.Id = p.Id[1:] },
		"no sender":              func(p *Payload) { p.Sender = nil },
		"sender without home":    func(p *Payload) { p.Sender = &Contact{Identity: alice.contact.Identity} },
		"unknown kind":           func(p *Payload) { p.Kind = 9 },
		"not UTF-8":              func(p *Payload) { p.Body = []byte{0xff} },
		"text with ref":          func(p *Payload) { p.Ref = p.Id },
		"notification of none":   func(p *Payload) { p.Kind, p.Body = Kind_KIND_NOTIFICATION, nil },
		"notification with body": func(p *Payload) { p.Kind, p.Ref = Kind_KIND_NOTIFICATION, p.Id },
		"too long":               func(p *Payload) { p.Body = bytes.Repeat([]byte("a"), MaxPayload) },
	} {
		p := text(alice, "hello")
		f(p)
		_, err := Seal(p, alice.key, bob.prekey)
		require.ErrorIs(t, err, ErrPayload, name)
	}
}

func TestPrekey(t *testing.T) {
	bob := newPerson(t, 2, false)
	verify := func(f func(*Prekey)) error {
		p := *bob.prekey
		f(&p)
		return p.Verify(bob.contact.Identity, 1_900_000_000)
	}
	require.NoError(t, verify(func(*Prekey) {}))
	for name, f := range map[string]func(*Prekey){
		"other identity": func(p *Prekey) { p.Identity = newPerson(t, 3, false).contact.Identity },
		"id 0":           func(p *Prekey) { p.Id = 0 },
		"other id":       func(p *Prekey) { p.Id++ },
		"other key":      func(p *Prekey) { p.PublicKey = newPerson(t, 3, false).prekey.PublicKey },
		"short key":      func(p *Prekey) { p.PublicKey = p.PublicKey[1:] },
		"last resort":    func(p *Prekey) { p.LastResort = true },
		"longer life":    func(p *Prekey) { p.ExpiresUnix++ },
		"expired":        func(p *Prekey) { p.ExpiresUnix = 1_900_000_000 },
		"no signature":   func(p *Prekey) { p.Signature = nil },
	} {
		require.ErrorIs(t, verify(f), ErrPrekey, name)
	}
	require.ErrorIs(t, (*Prekey)(nil).Verify(bob.contact.Identity, 0), ErrPrekey)
}

func TestPadding(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		payload := rapid.SliceOfN(rapid.Byte(), 0, 5000).Draw(t, "payload")
		padded, err := pad(payload)
		require.NoError(t, err)
		require.True(t, bucket(len(padded)+Overhead))
		got, err := unpad(padded)
		require.NoError(t, err)
		require.True(t, bytes.Equal(payload, got))
		if free := len(padded) - lengthSize - len(payload); free > 0 {
			padded[len(padded)-1-rapid.IntRange(0, free-1).Draw(t, "at")] = 1
			_, err = unpad(padded)
			require.ErrorIs(t, err, ErrPayload)
		}
	})
	padded, err := pad(make([]byte, MaxPayload))
	require.NoError(t, err)
	require.Len(t, padded, MaxSealed-Overhead)
	_, err = pad(make([]byte, MaxPayload+1))
	require.ErrorIs(t, err, ErrPayload)
	_, err = unpad(make([]byte, 2*MinSealed-Overhead))
	require.ErrorIs(t, err, ErrPayload, "a larger bucket than needed")
}

func TestContact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := &Contact{Identity: rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "identity")}
		c.Providers = rapid.SliceOfNDistinct(rapid.SliceOfN(rapid.Byte(), 32, 32), 1, MaxHomes, func(b []byte) string { return string(b) }).Draw(t, "providers")
		text := c.Text()
		got, err := ParseContact(" " + strings.ToUpper(text) + "\n")
		require.NoError(t, err)
		require.Equal(t, c, got)
		// One wrong letter is found.
		at := rapid.IntRange(len(contactPrefix), len(text)-1).Draw(t, "at")
		letter := rapid.RuneFrom([]rune("abcdefghijklmnopqrstuvwxyz234567")).Draw(t, "letter")
		if rune(text[at]) != letter {
			_, err = ParseContact(text[:at] + string(letter) + text[at+1:])
			require.ErrorIs(t, err, ErrContact)
		}
	})
	for _, bad := range []string{"", "topc", "topcaaaa", "bob", "topc" + strings.Repeat("a", 10_000)} {
		_, err := ParseContact(bad)
		require.ErrorIs(t, err, ErrContact, bad)
	}
}

// vector pins the format: other implementations open it too.
type vector struct {
	Secret, PrekeySignature, ProviderKey, Recipient, Sealed, EnvelopeID, Contact, MailboxSignBytes, PayloadSignBytes string
	PrekeyID                                                                                                         uint64
	Body                                                                                                             string
}

func TestVector(t *testing.T) {
	alice, bob := newPerson(t, 1, false), newPerson(t, 2, false)
	const path = "testdata/vector.json"
	if *update {
		p := text(alice, "vector")
		e, err := Seal(p, alice.key, bob.prekey)
		require.NoError(t, err)
		id := e.ID()
		raw, err := json.MarshalIndent(vector{
			Secret: hex.EncodeToString(bob.secret), PrekeySignature: hex.EncodeToString(bob.prekey.Signature),
			ProviderKey: hex.EncodeToString(alice.contact.Providers[0]), Recipient: hex.EncodeToString(e.Recipient),
			Sealed: hex.EncodeToString(e.Sealed), EnvelopeID: hex.EncodeToString(id[:]), Contact: alice.contact.Text(),
			MailboxSignBytes: hex.EncodeToString(MailboxSignBytes(e.Recipient, []byte("nonce"), "provider", "client")),
			PayloadSignBytes: hex.EncodeToString(p.SignBytes()), PrekeyID: e.PrekeyId, Body: "vector",
		}, "", "  ")
		require.NoError(t, err)
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(path, append(raw, '\n'), 0o644))
	}
	raw, err := os.ReadFile(path)
	require.NoError(t, err)
	var v vector
	require.NoError(t, json.Unmarshal(raw, &v))
	unhex := func(s string) []byte {
		b, err := hex.DecodeString(s)
		require.NoError(t, err)
		return b
	}
	e := &Envelope{Recipient: unhex(v.Recipient), PrekeyId: v.PrekeyID, Sealed: unhex(v.Sealed)}
	id := e.ID()
	require.Equal(t, v.EnvelopeID, hex.EncodeToString(id[:]))
	p, err := Open(e, unhex(v.Secret), false)
	require.NoError(t, err)
	require.Equal(t, v.Body, string(p.Body))
	require.Equal(t, v.Contact, p.Sender.Text())
	require.Equal(t, v.PayloadSignBytes, hex.EncodeToString(p.SignBytes()))
	require.Equal(t, v.PrekeySignature, hex.EncodeToString(bob.prekey.Signature))
	require.Equal(t, v.MailboxSignBytes, hex.EncodeToString(MailboxSignBytes(e.Recipient, []byte("nonce"), "provider", "client")))
}

func FuzzOpen(f *testing.F) {
	alice, bob := newPerson(f, 1, false), newPerson(f, 2, false)
	e, err := Seal(text(alice, "seed"), alice.key, bob.prekey)
	require.NoError(f, err)
	f.Add(e.Recipient, e.PrekeyId, e.Sealed)
	f.Fuzz(func(t *testing.T, recipient []byte, prekey uint64, sealed []byte) {
		p, err := Open(&Envelope{Recipient: recipient, PrekeyId: prekey, Sealed: sealed}, bob.secret, false)
		if err == nil && string(p.Body) != "seed" {
			t.Fatal("forged")
		}
	})
}

// FuzzPayload: whatever an authenticated sender encrypts, the recipient does not panic, and accepts only what it can say
// the sender signed.
func FuzzPayload(f *testing.F) {
	alice, bob := newPerson(f, 1, false), newPerson(f, 2, false)
	p := text(alice, "seed")
	_, err := Seal(p, alice.key, bob.prekey)
	require.NoError(f, err)
	raw, err := p.Marshal()
	require.NoError(f, err)
	f.Add(raw)
	f.Fuzz(func(t *testing.T, raw []byte) {
		padded, err := pad(raw)
		if err != nil {
			return
		}
		raw, err = unpad(padded)
		require.NoError(t, err)
		var p Payload
		if p.Unmarshal(raw) == nil && p.verify(&Envelope{Recipient: bob.prekey.Identity, PrekeyId: bob.prekey.Id}) == nil {
			require.Equal(t, "seed", string(p.Body))
		}
	})
}

func FuzzParseContact(f *testing.F) {
	f.Add(newPerson(f, 1, false).contact.Text())
	f.Fuzz(func(t *testing.T, text string) {
		c, err := ParseContact(text)
		if err == nil {
			require.Equal(t, strings.ToLower(strings.TrimSpace(text)), c.Text())
		}
	})
}

func BenchmarkSealOpen(b *testing.B) {
	alice, bob := newPerson(b, 1, false), newPerson(b, 2, false)
	for b.Loop() {
		e, err := Seal(text(alice, "hello"), alice.key, bob.prekey)
		require.NoError(b, err)
		_, err = Open(e, bob.secret, false)
		require.NoError(b, err)
	}
}
