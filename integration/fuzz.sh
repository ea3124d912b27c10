#!/usr/bin/env bash
# Fuzzes every target of the module for as long as it is told, on one core each, as
# many at a time as there are cores: 10s for each, or integration/fuzz.sh 90s for
# about an hour over all on two. What it finds on its way is kept in the go
# command's cache; an input that fails, beside the test.
set -euo pipefail
cd "$(dirname "$0")/.."
export each=${1:-10s}

fuzz() {
    local log status=0
    log=$(mktemp)
    # Making what is new shorter takes all of the time, unless it is told not to.
    go test -run '^$' -fuzz "^$2\$" -fuzztime "$each" -fuzzminimizetime 100x -parallel 1 "$1" >"$log" 2>&1 || status=1
    # The go command sometimes reports its own deadline as a failure.
    # An input that really fails is written to a file.
    if ! grep -q 'Failing input' "$log" && grep -q '^ *context deadline exceeded$' "$log"; then
        status=0
    fi
    if [ "$status" -ne 0 ]; then
        cat "$log"
        echo "fuzzing $1 $2 failed"
    else
        echo "$1 $2: $(grep -oE 'execs: [0-9]+' "$log" | tail -n 1)"
    fi
    rm -f "$log"
    return "$status"
}
export -f fuzz

mapfile -t targets < <(grep -rHoE --include='*_test.go' '^func Fuzz[A-Za-z0-9_]+' . | sed -E 's#^(.*)/[^/]+:func #\1 #' | sort -u)
echo "${#targets[@]} targets, $each each"
printf '%s\n' "${targets[@]}" | xargs -P "$(nproc)" -L 1 bash -c 'fuzz "$@"' fuzz
