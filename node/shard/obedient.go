//go:build !byzantine

package shard

// obedient members sign nothing in a shard that the main chain has frozen. No program but the one that tests play a captured committee with goes on (obedient_byzantine.go).
const obedient = true
