//go:build byzantine

package shard

// obedient is what a captured committee is not: it goes on with what nobody takes. Nothing of this file is in a release.
const obedient = false
