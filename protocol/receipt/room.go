package receipt

// frame is more than what a batch has beside its receipts, in bytes.
const frame = 256

// Room of a block for what may leave in it, all of it for one destination: a batch that no block can take would hold up all that come after it.
type Room struct{ receipts, bytes, gate int }

// NewRoom of an empty block.
func NewRoom() Room { return Room{MaxReceipts, MaxBytes - frame, MaxGate} }

// Take room for arrivals, which may go back; false, and nothing taken, where there is none.
func (r *Room) Take(arrivals []Receipt) bool {
	size, gate := 0, 0
	for i := range arrivals {
		size += Size(&arrivals[i])
		if arrivals[i].Main {
			gate++
		}
	}
	return r.take(len(arrivals), size, gate)
}

// Transfers that there is room for: their number, and the bytes of their transactions, which are longer than the receipts that they make.
func (r *Room) Transfers() (number, bytes int) { return r.receipts, r.bytes }

// Gate is how many of them may go to the main chain.
func (r *Room) Gate() int { return r.gate }

// TakeTransfers of so many bytes.
func (r *Room) TakeTransfers(number, bytes int) bool { return r.take(number, bytes, 0) }

// TakeGate counts so many transfers that go to the main chain.
func (r *Room) TakeGate(number int) bool { return r.take(0, 0, number) }

func (r *Room) take(number, bytes, gate int) bool {
	if number > r.receipts || bytes > r.bytes || gate > r.gate {
		return false
	}
	r.receipts, r.bytes, r.gate = r.receipts-number, r.bytes-bytes, r.gate-gate
	return true
}
