package messaging

const (
	// Protocol is the libp2p protocol id of Request and Response streams.
	Protocol = "/top/messaging/1.0.0"
	// Service is the service type in x/services.
	Service = "messaging"
	// MeasureMessage counts deposits, MeasureKiB their size.
	MeasureKiB     = "kib"
	MeasureMessage = "message"
	// NonceSize of a mailbox challenge.
	NonceSize = 32
	// MaxAcks in one Ack.
	MaxAcks = 1024
)

// MailboxSignBytes is what an identity signs to own its mailbox on one stream. Both peers are in it: a provider that is
// handed the signature cannot use it to empty the mailbox at another provider.
func MailboxSignBytes(identity, nonce []byte, providerPeer, clientPeer string) []byte {
	return newSignBytes(domainMailbox).bytes(identity).bytes(nonce).bytes([]byte(providerPeer)).bytes([]byte(clientPeer))
}
