#!/usr/bin/env bash
# Generates Go code and the OpenAPI document from proto/. The imported .proto files come from the module cache, at the versions that go.mod pins; no other network is used.
#   scripts/proto.sh           regenerate in place
#   scripts/proto.sh check     fail when committed code differs, when lint fails or when a change breaks wire compatibility with proto/baseline.binpb
#   scripts/proto.sh baseline  renew proto/baseline.binpb (after a release)
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/tools.sh buf protoc-gen-gocosmos protoc-gen-grpc-gateway protoc-gen-openapiv2
export PATH="$PWD/build/tools:$PATH"
module=github.com/topnetwork/top
openapi=app/openapi
modules=(billing committees gate issuance lattice light operators services shards sortition stake usage zones)

vendor() {
  local dst=third_party/proto
  rm -rf third_party && mkdir -p $dst
  local mod dir sub
  while read -r mod sub; do
    dir=$(go list -m -f '{{.Dir}}' "${mod%@*}" 2>/dev/null || true)
    if [[ -z $dir || $mod == *@* ]]; then
      dir=$(go mod download -json "$mod" | sed -n 's/.*"Dir": "\(.*\)".*/\1/p')
    fi
    (cd "$dir/$sub" && find . -name '*.proto' -not -path './google/protobuf/*') | while read -r f; do
      mkdir -p "$dst/$(dirname "$f")" && cp "$dir/$sub/$f" "$dst/$f"
    done
  done <<LIST
github.com/cosmos/cosmos-sdk proto
github.com/cosmos/cosmos-proto proto
github.com/grpc-ecosystem/grpc-gateway@v1.16.0 third_party/googleapis
LIST
  mkdir -p $dst/gogoproto
  cp "$(go list -m -f '{{.Dir}}' github.com/cosmos/gogoproto)/gogoproto/gogo.proto" $dst/gogoproto/
  chmod -R u+w third_party
}

generate() { # into $1
  local out=$1
  buf generate proto --output "$out" >&2
  (cd "$out/$module" && find . -name '*.go' | sort)
}

describe() { # the REST routes of each chain module as OpenAPI 2, into directory $1
  local module config=$1/openapi.yaml
  for module in "${modules[@]}"; do
    # One document per module: operation names are unique only within a module.
    cat >"$config" <<YAML
openapiOptions: {file: [{file: top/$module/v1/query.proto, option: {info: {title: TOP x/$module, version: v1}}}]}
YAML
    buf generate proto --path "proto/top/$module/v1/query.proto" --output "$1" --template "version: v2
plugins:
  - local: protoc-gen-openapiv2
    out: .
    strategy: all
    opt: [allow_merge=true, merge_file_name=$module, json_names_for_fields=false, openapi_naming_strategy=fqn, openapi_configuration=$config]" >&2
  done
}

vendor
case ${1:-generate} in
generate)
  tmp=$(mktemp -d) && trap 'rm -rf "$tmp"' EXIT
  files=$(generate "$tmp")
  git ls-files -co --exclude-standard '*.pb.go' '*.pb.gw.go' | xargs -r rm -f
  cp -r "$tmp/$module/." .
  describe "$tmp" && cp "$tmp"/*.swagger.json $openapi/
  echo "generated $(wc -l <<<"$files") files" >&2
  ;;
check)
  buf lint proto
  buf breaking proto --against proto/baseline.binpb
  tmp=$(mktemp -d) && trap 'rm -rf "$tmp"' EXIT
  generate "$tmp" | sed 's|^\./||' >"$tmp/files"
  bad=0
  while read -r f; do
    cmp -s "$tmp/$module/$f" "$f" || { echo "$f differs from what proto/ generates" >&2; bad=1; }
  done <"$tmp/files"
  while read -r f; do
    grep -qx "$f" "$tmp/files" || { echo "$f is not generated from proto/ any more" >&2; bad=1; }
  done < <(git ls-files -co --exclude-standard '*.pb.go' '*.pb.gw.go')
  describe "$tmp"
  for m in "${modules[@]}"; do
    cmp -s "$tmp/$m.swagger.json" "$openapi/$m.swagger.json" || { echo "$openapi/$m.swagger.json differs from what proto/ generates" >&2; bad=1; }
  done
  [[ $bad == 0 ]] || { echo "run: make proto" >&2; exit 1; }
  ;;
baseline) buf build proto -o proto/baseline.binpb ;;
*) echo "usage: $0 [generate|check|baseline]" >&2; exit 2 ;;
esac
