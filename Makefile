# One entry point for everything; `make help` lists the targets.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help build build-next build-byzantine demo localnet test test-unit test-fuzz test-process fuzz bench bench-shard bench-network sim soak soak-committee soak-shard lint proto proto-check proto-baseline clean

VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
COMMIT := $(shell git rev-parse HEAD 2>/dev/null || echo unknown)
VERSION_PKG := github.com/cosmos/cosmos-sdk/version
# Without symbol tables and DWARF: programs link in half the time; traces of a bug keep names and lines.
LDFLAGS := -s -w -X $(VERSION_PKG).Version=$(VERSION) -X $(VERSION_PKG).Commit=$(COMMIT)
GO_BUILD := go build -buildvcs=false -ldflags '$(LDFLAGS)'

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 18

build: ## all binaries into build/
	@$(GO_BUILD) -o build/ ./cmd/... ./examples/... >&2

demo: build ## the first network at work: one JSON line on stdout, progress on stderr (KEEP=1 leaves it running)
	@build/topdemo

localnet: build ## the same network without the play, until interrupted (REST on :1317, build/localnet/network.json)
	@build/topdemo localnet

test: test-unit test-fuzz test-process ## everything that proves it works; what CI runs

# Vet is a part of lint.
test-unit: ## unit, property and boundary tests; relayer, sdk and engine under the race detector
	go test -vet=off -count=1 -timeout 15m $$(go list ./... | grep -vE '/(relayer|sdk|engine)(/|$$)')
	go test -vet=off -count=1 -timeout 15m -race ./relayer/... ./sdk/... ./engine/...

build-next: ## the daemons as the release after this one, for the upgrade test, into build/next/
	@$(GO_BUILD) -tags nextversion -o build/next/ ./cmd/topchaind ./cmd/topserviced >&2

build-byzantine: ## the daemon of a captured shard's members, for the test of that, into build/byzantine/
	@$(GO_BUILD) -tags byzantine -o build/byzantine/ ./cmd/topchaind >&2

test-process: build build-next build-byzantine ## real chains, relayer, providers and clients as processes
	go test -vet=off -count=1 -timeout 30m -p 3 -tags process -v ./tests/process/...

test-fuzz: ## every decoder of strangers' bytes for five seconds
	scripts/fuzz.sh 5s

fuzz: ## every fuzz target for two minutes, guided; new inputs are kept in testdata/fuzz
	scripts/fuzz.sh 2m keep

bench: build ## JSON lines {name,value,unit,baseline,baseline_value,ratio,conditions} (ONLY=rules,stock, REPORT=docs/benchmarks/bench.md)
	@COMMIT=$(VERSION) build/topdemo bench

bench-shard: build ## the same of one shard beside a stock chain, some fifteen minutes
	@COMMIT=$(VERSION) ONLY=stock,shard build/topdemo bench

bench-network: build ## the same of networks of one, two and four shards, some ten minutes
	@COMMIT=$(VERSION) ONLY=net build/topdemo bench

sim: ## the draw of committees over very many epochs against its bounds: JSON lines {name,value,bound,conditions}, some minutes (SIM=-quick)
	@go run ./cmd/topsim sortition $(SIM)

soak: build ## half an hour of traffic under random faults (SOAK=30m SEED=1)
	@build/topdemo soak

soak-committee: build ## 21 members and 7 standbys for twenty minutes, one after the other broken; writes docs/benchmarks/soak-committee.md (SOAK=20m SEED=1)
	@REPORT=docs/benchmarks/soak-committee.md build/topdemo soak-committee

soak-shard: build ## a shard of four members under load, killed 200 times (KILLS=200 SEED=1)
	@build/topdemo soak-shard

lint: proto-check ## formatting, vet, determinism bans, generated code
	scripts/tools.sh golangci-lint
	build/tools/golangci-lint run --allow-parallel-runners ./...

proto: ## regenerate Go code from proto/
	scripts/proto.sh

proto-check: ## fail when generated code drifts or a change breaks the wire format
	scripts/proto.sh check

proto-baseline: ## after a release: the wire format that later changes are held against
	scripts/proto.sh baseline

clean: ## remove what was built
	rm -rf build third_party
