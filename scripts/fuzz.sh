#!/usr/bin/env bash
# scripts/fuzz.sh DURATION [keep]: every fuzz target for that long, one per processor at a time. Its inputs are checked in under testdata/fuzz; with "keep", new ones that reach
# new code join them.
# Rules in protocol/ are fuzzed with coverage guidance; so is everything with "keep". Without it, packages on top of the Cosmos SDK run unguided: instrumenting the
# SDK costs minutes of building.
set -euo pipefail
cd "$(dirname "$0")/.."
duration=${1:?usage: scripts/fuzz.sh DURATION [keep]}
keep=${2:-}
kept_per_target=24
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# fuzz PACKAGE PROGRAM TARGET: one run. Before Go 1.27 the end of the time itself is sometimes reported as a failure (golang/go#75804), which says nothing of the target; such a
# run is repeated, at most three times.
# A failing input is always written down, and named in the output.
fuzz() {
  local pkg=$1 program=$2 target=$3
  local out="$work/$(basename "$program").$target.out"
  once() { (cd "$pkg" && "$program" -test.run '^$' -test.fuzz "^$target\$" -test.fuzztime "$duration" -test.parallel 1 -test.fuzzcachedir "$work/cache/$pkg") > "$out" 2>&1; }
  local failed=1 attempt
  for attempt in 1 2 3 4; do
    if once; then failed=0; break; fi
    grep -q 'context deadline exceeded' "$out" && ! grep -q 'Failing input written' "$out" || break
    echo "$pkg $target: the time was over before a worker was: once more"
  done
  if [ $failed = 1 ]; then
    echo "FAIL $pkg $target"
    cat "$out"
    return 255 # ends xargs
  fi
  echo "ok   $pkg $target: $(grep -o 'execs: [0-9]*' "$out" | tail -n 1)"
  if [ "$keep" = keep ]; then
    mkdir -p "$pkg/testdata/fuzz/$target"
    # The smallest inputs say the most per byte.
    { ls -Sr "$work/cache/$pkg/$target" 2>/dev/null || true; } | head -n $kept_per_target | while read -r input; do cp -n "$work/cache/$pkg/$target/$input" "$pkg/testdata/fuzz/$target/"; done
  fi
}
export -f fuzz
export work duration keep kept_per_target

number=0
for pkg in $(grep -rl '^func Fuzz' --include='*_test.go' . | grep -v '^./build/' | xargs -n1 dirname | sort -u); do
  guided=()
  case "$pkg" in ./protocol/*) guided=(-fuzz .) ;; esac
  [ "$keep" = keep ] && guided=(-fuzz .)
  program="$work/$((++number)).test"
  go test -c "${guided[@]}" -o "$program" "$pkg"
  for target in $(grep -ho '^func Fuzz[A-Za-z0-9]*' "$pkg"/*_test.go | cut -d' ' -f2); do
    printf '%s %s %s\n' "$PWD/$pkg" "$program" "$target"
  done
done > "$work/targets"
xargs -P "$(nproc)" -L 1 bash -c 'fuzz "$@"' fuzz < "$work/targets"
