//go:build !byzantine

package types

// Obedient members take the main chain's word that their shard is frozen, and sign nothing there any more. No program but the one that tests play a captured committee with goes on (obedient_byzantine.go).
const Obedient = true
