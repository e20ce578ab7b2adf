// Package router is the relayer's router role: it carries batches of receipts between the shards of a network, what the main chain says to the shards, and the shards' headers to the main chain.
// It remembers nothing that counts: what is to be done is asked of the chains, before every step. README.md is the specification.
package router
