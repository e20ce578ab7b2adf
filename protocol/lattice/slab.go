package lattice

// slabs have room for the slots of all buckets, by the number of slots: arrays without pointers, so that a garbage collector has nothing to look at, however many accounts there are.
type slabs struct {
	// classes by the logarithm of the number of slots.
	classes [maxClass + 1]slab
}

// maxClass is the class of a bucket of MaxSlots.
const maxClass = 20

// slab has room for buckets of one number of slots.
type slab struct {
	chunks [][]slot
	// made so many places, of which some are free again.
	made uint32
	free []uint32
}

// chunkSlots that are made together, or one bucket's where that is more.
const chunkSlots = 256

// perChunk is how many buckets of a class are in a chunk.
func perChunk(class uint8) uint32 { return max(1, uint32(chunkSlots)>>class) }

// at a place of a class.
func (s *slabs) at(class uint8, place uint32) bucket {
	n := perChunk(class)
	from := int(place%n) << class
	to := from + 1<<class
	return s.classes[class].chunks[place/n][from:to:to]
}

// take a place of a class, whose slots are empty.
func (s *slabs) take(class uint8) (place uint32) {
	c := &s.classes[class]
	if n := len(c.free); n > 0 {
		place = c.free[n-1]
		c.free = c.free[:n-1]
		return place
	}
	if n := perChunk(class); c.made%n == 0 {
		c.chunks = append(c.chunks, make([]slot, int(n)<<class))
	}
	c.made++
	return c.made - 1
}

// give a place back.
func (s *slabs) give(class uint8, place uint32) {
	clear(s.at(class, place))
	s.classes[class].free = append(s.classes[class].free, place)
}
