package sortition

import "github.com/topnetwork/top/protocol/sortition/ecvrf"

// ProvePossession shows that whoever registers a VRF key holds it, for this chain and this operator only. It is a VRF proof and no Ed25519 signature, because a key that
// is used in both schemes may leak; its output is used nowhere.
func ProvePossession(chainID, operator string, secret []byte) ([]byte, error) {
	public, err := ecvrf.PublicKey(secret)
	if err != nil {
		return nil, err
	}
	alpha := possessionAlpha(chainID, operator, public)
	return ecvrf.Prove(secret, alpha[:])
}

// VerifyPossession checks a key and the proof that came with its registration.
func VerifyPossession(chainID, operator string, public, proof []byte) error {
	if err := ecvrf.CheckKey(public); err != nil {
		return err
	}
	alpha := possessionAlpha(chainID, operator, public)
	_, err := ecvrf.Verify(public, alpha[:], proof)
	return err
}

func possessionAlpha(chainID, operator string, public []byte) Seed {
	return newEncoder(domainPossession).str(chainID).str(operator).bytes(public).hash()
}
