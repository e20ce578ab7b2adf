// Package epoch maps main-chain heights to epochs, the unit of elections, seeds and claims. Every chain of the network counts epochs by main-chain heights.
package epoch

// At returns the epoch of a main-chain height: ⌊(height − 1) / blocks⌋. Heights below 1 (before the first block) belong to epoch 0.
// blocks is the epoch length in blocks, fixed in genesis and above 0; with 0 every height is in epoch 0.
func At(height int64, blocks uint64) uint64 {
	if height < 1 || blocks == 0 {
		return 0
	}
	return uint64(height-1) / blocks
}

// First returns the first main-chain height of an epoch: epoch × blocks + 1. It saturates at the largest height.
func First(epoch, blocks uint64) int64 {
	const largest = 1<<63 - 1
	if blocks == 0 {
		return 1
	}
	if epoch > (largest-1)/blocks {
		return largest
	}
	return int64(epoch*blocks) + 1
}
