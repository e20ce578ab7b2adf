#!/usr/bin/env bash
# Installs the pinned build tools into build/tools, each once. Usage: scripts/tools.sh NAME…
set -euo pipefail
cd "$(dirname "$0")/.."
declare -A MODULE=(
  [buf]=github.com/bufbuild/buf/cmd/buf@v1.66.1
  [protoc-gen-gocosmos]=github.com/cosmos/gogoproto/protoc-gen-gocosmos@v1.7.2
  [protoc-gen-grpc-gateway]=github.com/grpc-ecosystem/grpc-gateway/protoc-gen-grpc-gateway@v1.16.0
  [protoc-gen-openapiv2]=github.com/grpc-ecosystem/grpc-gateway/v2/protoc-gen-openapiv2@v2.26.3
  [golangci-lint]=github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.11.4
)
mkdir -p build/tools
for name in "$@"; do
  want=${MODULE[$name]}
  # go version -m names the module version that a binary was built from, so that a changed pin is installed again.
  if ! go version -m "build/tools/$name" 2>/dev/null | grep -q "mod.*${want##*@}"; then
    echo "installing $want" >&2
    GOBIN="$PWD/build/tools" go install "$want"
  fi
done
