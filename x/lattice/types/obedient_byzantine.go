//go:build byzantine

package types

// Obedient is what a captured committee is not: it goes on sending and signing what nobody takes. Nothing of this file is in a release.
const Obedient = false
