package network

// host is a machine: cores that take work in the order in which it comes, and a link each way. It carries seats of several shards.
type host struct {
	region int
	// cores are free from these moments on.
	cores []moment
	// up and down are free from then on; perByte is how long a byte takes.
	up, down moment
	perByte  float64
	// worked on the cores, and bytes sent and received, since counting began.
	worked           moment
	sent, receivedBy int64
}

// work of a length, cut into so many pieces that run side by side: each goes to the core that is free first. It answers when the last one ends.
func (h *host) work(now, length moment, pieces int) moment {
	if length <= 0 {
		return now
	}
	h.worked += length
	pieces = max(1, min(pieces, len(h.cores)))
	piece, end := length/moment(pieces), now
	for i := range pieces {
		if i == 0 {
			piece = length - piece*moment(pieces-1)
		}
		core := h.first()
		h.cores[core] = max(now, h.cores[core]) + piece
		end = max(end, h.cores[core])
		piece = length / moment(pieces)
	}
	return end
}

// slip in work too short to wait its turn, as a scheduler that slices time would: it is done at once, and what waits has that much longer to wait.
func (h *host) slip(now, length moment) moment {
	h.worked += length
	core := h.first()
	h.cores[core] = max(now, h.cores[core]) + length
	return now + length
}

func (h *host) first() (core int) {
	for i, free := range h.cores {
		if free < h.cores[core] {
			core = i
		}
	}
	return core
}

// send bytes, behind what is being sent; it answers when the last one has left.
func (h *host) send(now moment, bytes int64) moment {
	h.sent += bytes
	h.up = max(now, h.up) + moment(float64(bytes)*h.perByte)
	return h.up
}

// urge bytes past what waits: votes have a channel of a higher priority.
func (h *host) urge(now moment, bytes int64) moment {
	h.sent += bytes
	took := moment(float64(bytes) * h.perByte)
	h.up = max(now, h.up) + took
	return now + took
}

// receive bytes, behind what is being received.
func (h *host) receive(now moment, bytes int64) moment {
	h.receivedBy += bytes
	h.down = max(now, h.down) + moment(float64(bytes)*h.perByte)
	return h.down
}
