package sdk

import (
	"encoding/hex"
	"fmt"
	"time"
)

// Kind of a received message.
type Kind int

const (
	// Text that somebody wrote.
	Text Kind = iota
	// Delivered tells that a message of ours arrived; its ID is that message's.
	Delivered
)

// Message is what Receive delivers.
type Message struct {
	Kind Kind
	// ID is the message's name for both ends, hex.
	ID string
	// From is the sender's contact, verified by its signature; Send reaches it.
	From string
	Body string
	// Sent by the sender's clock.
	Sent time.Time
}

// String shows a message as a line.
func (m Message) String() string {
	if m.Kind == Delivered {
		return fmt.Sprintf("delivered %s", m.ID)
	}
	return fmt.Sprintf("%s: %s", m.From, m.Body)
}

func messageID(id []byte) string { return hex.EncodeToString(id) }
