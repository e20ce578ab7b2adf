package claim

import (
	"crypto/sha256"
	"encoding/binary"
)

// Challenge makes of the main chain's seed that of one claim's samples: it binds them to the service chain, the provider, the epoch and the root, so that no two claims
// share points. The caller chooses the seed: one that nobody could foretell when the claim was committed (sortition.FirstAfter).
func Challenge(seed [32]byte, chainID, provider string, epoch uint64, root [32]byte) [32]byte {
	b := append([]byte(domainChallenge), seed[:]...)
	for _, field := range []string{chainID, provider} {
		b = binary.BigEndian.AppendUint64(b, uint64(len(field)))
		b = append(b, field...)
	}
	b = binary.BigEndian.AppendUint64(b, epoch)
	return sha256.Sum256(append(b, root[:]...))
}
