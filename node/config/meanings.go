package config

// meanings of settings that the files which `init` writes leave without a comment, or leave out; the latter are for experts, or for CometBFT's own tests.
var meanings = map[string]string{
	"pruning-interval": "Blocks between two prunings; with pruning = \"custom\" alone.",

	"grpc.skip-check-header": "gRPC queries are answered without a look at the header of the block that they ask for. Not in the file by default.",

	"home":           "Home of the node. Set by --home, not in the file.",
	"rpc.home":       "Home of the node. Set by --home, not in the file.",
	"p2p.home":       "Home of the node. Set by --home, not in the file.",
	"mempool.home":   "Home of the node. Set by --home, not in the file.",
	"consensus.home": "Home of the node. Set by --home, not in the file.",

	"p2p.dial_timeout":                  "How long an attempt to connect to a peer may take.",
	"p2p.libp2p.bootstrap_peers":        "Peers of whom a node on libp2p hears of others. Written as sections of their own.",
	"p2p.libp2p.scaler.max_workers":     "Most workers of a reactor, which is what handles one kind of messages.",
	"p2p.libp2p.scaler.overrides":       "Other limits for single reactors. Written as sections of their own.",
	"p2p.test_dial_fail":                "For tests of CometBFT: no connection succeeds.",
	"p2p.test_fuzz":                     "For tests of CometBFT: connections are disturbed.",
	"p2p.test_fuzz_config.mode":         "For tests of CometBFT: 0 drops, 1 delays.",
	"p2p.test_fuzz_config.maxdelay":     "For tests of CometBFT: the longest delay.",
	"p2p.test_fuzz_config.probdroprw":   "For tests of CometBFT: the probability of a lost read or write.",
	"p2p.test_fuzz_config.probdropconn": "For tests of CometBFT: the probability of a lost connection.",
	"p2p.test_fuzz_config.probsleep":    "For tests of CometBFT: the probability of a pause.",
	"mempool.experimental_max_gossip_connections_to_non_persistent_peers": "Most peers, persistent ones apart, to whom transactions are passed on; 0 is all.",

	"statesync.trust_period": "How long a header is trusted by a node that joins from a snapshot; less than the time of unbonding.",
	"statesync.trust_height": "Height of a header that the operator trusts; a node joins from snapshots after it.",
	"statesync.trust_hash":   "Hash of the header at trust_height, from a source that the operator trusts.",

	"consensus.wal_file":                        "Journal of the consensus, from which a node that crashed goes on.",
	"consensus.create_empty_blocks_interval":    "Longest time without a block when create_empty_blocks is off; 0 is no limit.",
	"consensus.peer_query_maj23_sleep_duration": "Pause between two questions to a peer about the votes that it has seen.",
}
