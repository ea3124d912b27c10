#!/usr/bin/env bash
# Builds the Dockerfile without a container engine and tries what it makes: that
# the image holds nothing but what it needs, that the container serves, and that
# its health check tells the difference.
#
# Needs root, buildah, curl and Go. The base image is made here, under its own
# name, from this machine's Go, so that nothing is pulled.
set -euo pipefail
cd "$(dirname "$0")/.."

tmp=$(mktemp -d)
image=localhost/sterling:test
pids=()

store() { buildah --root "$tmp/root" --runroot "$tmp/runroot" --storage-driver vfs "$@"; }
say() { echo "container: $*"; }
die() { echo "container: FAILED: $*" >&2; exit 1; }

# under PID ANCESTOR: whether one process descends from another.
under() {
    local pid=$1
    while [ "${pid:-0}" -gt 1 ]; do
        [ "$pid" -ne "$2" ] || return 0
        pid=$(awk '/^PPid:/ { print $2 }' "/proc/$pid/status" 2>/dev/null)
    done
    return 1
}

# below PID: it and all its descendants.
below() {
    local p
    for p in /proc/[0-9]*; do
        if under "${p#/proc/}" "$1"; then echo "${p#/proc/}"; fi
    done
}

clean() {
    local code=$? pid
    set +e
    # Their offspring too: killing the program that watches over a container
    # does not end the container.
    for pid in "${pids[@]}"; do kill -KILL $(below "$pid") 2>/dev/null; done
    wait 2>/dev/null
    [ "$code" -eq 0 ] || tail -n 20 "$tmp"/*.log >&2 2>/dev/null
    store rm --all >"$tmp/rm.out" 2>&1
    rm -rf "$tmp"
    exit "$code"
}
trap clean EXIT

for program in buildah curl go ldd; do
    command -v "$program" >/dev/null || die "$program is not installed"
done
[ "$(id -u)" -eq 0 ] || die "must run as root"

# wait_for SECONDS COMMAND...: tries the command until it works.
wait_for() {
    local end=$((SECONDS + $1)); shift
    until "$@" >>"$tmp/wait.log" 2>&1; do
        [ "$SECONDS" -lt "$end" ] || return 1
        sleep 0.1
    done
}

# --- the base image ---------------------------------------------------------

# copy_program ROOT FILE: a program and the libraries that it is linked with.
copy_program() {
    local root=$1 file lib
    file=$(readlink -f "$2")
    install -D "$file" "$root$2"
    ldd "$file" 2>/dev/null | grep -o '/[^ ]*' | while read -r lib; do
        [ -e "$root$lib" ] || install -D "$(readlink -f "$lib")" "$root$lib"
    done
}

make_base() {
    local base root goroot
    goroot=$(go env GOROOT)
    base=$(store from scratch)
    root=$(store mount "$base")
    mkdir -p "$root"/{tmp,root,proc,sys,dev,go} "$root/usr/local/go" "$root/etc/ssl/certs"
    chmod 1777 "$root/tmp"
    cp -a "$goroot"/{bin,pkg,src,go.env,VERSION} "$root/usr/local/go/"
    cp -L /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
    copy_program "$root" /bin/sh
    copy_program "$root" /bin/mkdir
    echo 'root:x:0:0:root:/root:/bin/sh' >"$root/etc/passwd"
    store config --env PATH=/usr/local/go/bin:/bin --env GOPATH=/go --env GOTOOLCHAIN=local --env HOME=/root "$base"
    store commit --quiet --rm "$base" docker.io/library/golang:1.26 >/dev/null
}

say "making the base image from $(go version)"
make_base

# --- the image --------------------------------------------------------------

say "building"
go mod download
store bud --quiet --isolation chroot --format docker --pull-never \
    -v "$(go env GOMODCACHE):/go/pkg/mod" -v "$(go env GOCACHE):/root/.cache/go-build" \
    --build-arg VERSION=v0.0.0-test -t "$image" . >"$tmp/build.log" 2>&1 || die "the build"

field() { store inspect --type image --format "{{$1}}" "$image"; }
is() { [ "$2" = "$3" ] || die "$1 is \"$2\", not \"$3\""; }

is "the user" "$(field .Docker.Config.User)" 10001:10001
is "the health check" "$(field .Docker.Config.Healthcheck.Test)" "[CMD /sterling healthcheck -c /etc/sterling/sterling.toml]"
is "the entry point" "$(field .Docker.Config.Entrypoint)" "[/sterling]"
is "the command" "$(field .Docker.Config.Cmd)" "[run -c /etc/sterling/sterling.toml]"

ctr=$(store from --pull-never "$image")
root=$(store mount "$ctr")
is "the owner of the state folder" "$(stat -c %u:%g "$root/var/lib/sterling")" 10001:10001
is "the list of files" "$(cd "$root" && find . -type f -path './etc/ssl/*' -o -type f -perm /111 | sort | tr '\n' ' ')" \
    "./etc/ssl/certs/ca-certificates.crt ./sterling "
[ -s "$root/etc/ssl/certs/ca-certificates.crt" ] || die "there are no CA roots"
if ldd "$root/sterling" >"$tmp/ldd.log" 2>&1; then die "the binary is not static"; fi
if store run --isolation chroot "$ctr" -- /bin/sh -c true >"$tmp/shell.log" 2>&1; then die "there is a shell"; fi
say "image: non-root, no shell, static, health check set"

# --- the container ----------------------------------------------------------

etc=$tmp/etc
mkdir "$etc"
(cd "$etc" && go run "$(go env GOROOT)/src/crypto/tls/generate_cert.go" --host localhost,127.0.0.1 --ca --ecdsa-curve P256 >"$tmp/cert.log" 2>&1)

# The stateful server of the demo is the backend; it lives while its input is open.
mkfifo "$tmp/hold"
"$root/sterling" demo-backend stub 127.0.0.1:0 <"$tmp/hold" >"$tmp/stub.out" 2>"$tmp/stub.log" &
stub=$!
pids+=("$stub")
exec 9>"$tmp/hold"
echo token >&9
wait_for 10 test -s "$tmp/stub.out" || die "the backend did not start"

cat >"$etc/sterling.toml" <<TOML
[log]
format = "json"
[admin]
address = "unix:/var/lib/sterling/admin.sock"
[state]
dir = "/var/lib/sterling"
[[tls.certificate]]
cert = "cert.pem"
key  = "key.pem"
[[listener]]
name     = "front"
address  = "127.0.0.1:0"
protocol = "https"
[[route]]
name = "all"
pool = "app"
[[pool]]
name = "app"
[pool.affinity]
by = "cookie"
[[pool.backend]]
name = "stub"
url  = "http://$(cat "$tmp/stub.out")"
TOML
chmod 755 "$tmp" "$etc"
chown -R 10001:10001 "$etc"

inside() { store run --isolation chroot -v "$etc:/etc/sterling:ro" "$ctr" -- "$@"; }
health() { inside /sterling healthcheck -c /etc/sterling/sterling.toml; }

inside /sterling check -c /etc/sterling/sterling.toml >"$tmp/check.log" 2>&1 || die "check"
inside /sterling run -c /etc/sterling/sterling.toml >"$tmp/run.log" 2>&1 &
run=$!
pids+=("$run")
wait_for 20 health || die "the health check does not pass"

inside /sterling status -c /etc/sterling/sterling.toml --json >"$tmp/status.json"
port=$(grep -o '"address": "127.0.0.1:[0-9]*"' "$tmp/status.json" | grep -o '[0-9]*"$' | tr -d '"')
body=$(curl -sS --max-time 10 --cacert "$etc/cert.pem" -D "$tmp/head" "https://localhost:$port/visit") || die "asking over HTTPS"
case $body in
    *'"server":"stub"'*) ;;
    *) die "the answer is $body" ;;
esac
grep -qi '^set-cookie: __Host-sterling-app=' "$tmp/head" || die "no affinity cookie was set"

# The process itself, not the program that watches over it.
server=
for p in $(below "$run"); do
    if [ "$(tr '\0' ' ' <"/proc/$p/cmdline")" = "/sterling run -c /etc/sterling/sterling.toml " ]; then server=$p; fi
done
[ -n "$server" ] || die "the process is nowhere to be found"
is "the process's user" "$(stat -c %u:%g "/proc/$server")" 10001:10001
# The state folder is a volume, which only the process sees.
is "the key file's owner and mode" "$(stat -c '%u %a' "/proc/$server/root/var/lib/sterling/affinity.keys")" "10001 600"
say "container: serves HTTPS, pins the visitor, health check passes"

kill -TERM "$server"
wait "$run" || die "the container ended with code $?"
if health >"$tmp/health.log" 2>&1; then die "the health check passes after the end"; fi
say "container: ends cleanly, and then the health check fails"

exec 9>&-
wait "$stub" || die "the backend ended with code $?"
say "good"
