#!/usr/bin/env bash
# Fuzzes every target of the module for as long as it is told: 10s for each, or
# integration/fuzz.sh 90s for about an hour over all. What it finds on its way is
# kept in the go command's cache; an input that fails, beside the test.
set -euo pipefail
cd "$(dirname "$0")/.."
each=${1:-10s}
log=$(mktemp)
trap 'rm -f "$log"' EXIT

mapfile -t targets < <(grep -rHoE --include='*_test.go' '^func Fuzz[A-Za-z0-9_]+' . | sed -E 's#^(.*)/[^/]+:func #\1 #' | sort -u)
echo "${#targets[@]} targets, $each each"
for target in "${targets[@]}"; do
    read -r folder name <<<"$target"
    if ! go test -run '^$' -fuzz "^$name\$" -fuzztime "$each" "$folder" >"$log" 2>&1; then
        # The go command sometimes reports its own deadline as a failure.
        # An input that really fails is written to a file.
        if grep -q 'Failing input' "$log" || ! grep -q '^ *context deadline exceeded$' "$log"; then
            cat "$log"
            echo "fuzzing $folder $name failed" >&2
            exit 1
        fi
    fi
    echo "$folder $name: $(grep -oE 'execs: [0-9]+' "$log" | tail -n 1)"
done
