#!/usr/bin/env bash
# scripts/fuzz.sh DURATION [keep]: every fuzz target for that long. Its inputs are checked in under testdata/fuzz; with "keep", new ones that reach new code join them.
# Rules in protocol/ are fuzzed with coverage guidance; so is everything with "keep". Without it, packages on top of the Cosmos SDK run unguided: instrumenting the
# SDK costs minutes of building.
set -euo pipefail
cd "$(dirname "$0")/.."
duration=${1:?usage: scripts/fuzz.sh DURATION [keep]}
keep=${2:-}
kept_per_target=24

# fuzzed CMD: a run of a target. Before Go 1.27 the end of the time itself is sometimes reported as a failure (golang/go#75804), which says nothing of the target; such a
# run is repeated once.
# A failing input is always written down, and named in the output.
fuzzed() {
  local out="$work/out"
  if "$@" 2>&1 | tee "$out"; then return; fi
  if grep -q 'context deadline exceeded' "$out" && ! grep -q 'Failing input written' "$out"; then
    echo "the time was over before a worker was: once more"
    "$@"
    return
  fi
  return 1
}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for pkg in $(grep -rl '^func Fuzz' --include='*_test.go' . | grep -v '^./build/' | xargs -n1 dirname | sort -u); do
  guided=no
  case "$pkg" in ./protocol/*) guided=yes ;; esac
  [ "$keep" = keep ] && guided=yes
  if [ $guided = no ]; then go test -c -o "$work/fuzz.test" "$pkg"; fi
  for target in $(grep -ho '^func Fuzz[A-Za-z0-9]*' "$pkg"/*_test.go | cut -d' ' -f2); do
    if [ $guided = yes ]; then
      fuzzed go test -run '^$' -fuzz "^$target\$" -fuzztime "$duration" "$pkg"
    else
      (cd "$pkg" && fuzzed "$work/fuzz.test" -test.run '^$' -test.fuzz "^$target\$" -test.fuzztime "$duration" -test.fuzzcachedir "$work/cache") 2>&1 | { grep -v 'coverage guidance' || true; }
    fi
    if [ "$keep" = keep ]; then
      cache=$(go env GOCACHE)/fuzz/$(go list "$pkg")/$target
      mkdir -p "$pkg/testdata/fuzz/$target"
      # The smallest inputs say the most per byte.
      { ls -Sr "$cache" 2>/dev/null || true; } | head -n $kept_per_target | while read -r input; do cp -n "$cache/$input" "$pkg/testdata/fuzz/$target/"; done
    fi
  done
done
