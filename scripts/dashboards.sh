#!/usr/bin/env bash
# Checks the dashboards with Grafana's own packages, and draws pictures of them. What it
# needs of npm comes below .tools, in the versions of the lock files; node 20 or later must be there.
#
#   scripts/dashboards.sh check
#   scripts/dashboards.sh bundle DIRECTORY
#
# check holds the dashboards against Grafana's types. bundle writes the page that
# draws a dashboard with Grafana's own panel components, but for the timeline of states,
# for the tests of e2e. Where node or the packages cannot be had, which is no fault of a
# dashboard, the exit code is 69.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
root=$PWD
tools=${TOOLS:-$root/.tools}

fail() {
	printf 'dashboards: %s\n' "$*" >&2
	exit 1
}

unavailable() {
	printf 'dashboards: %s\n' "$*" >&2
	exit 69
}

# packages puts a folder below .tools, with the packages of its lock file. Who sits there and
# has no network is not kept waiting for long; CI is, as a hiccup must not fail it.
packages() {
	local from=$1 to=$2 name patience=(--fetch-retries=1 --fetch-retry-mintimeout=1000 --fetch-timeout=30000)
	[[ ${CI:-} != true ]] || patience=(--fetch-retries=3 --fetch-retry-factor=3 --fetch-retry-mintimeout=2000)
	for name in node npm; do
		command -v "$name" >/dev/null || unavailable "$name is not on the PATH"
	done
	mkdir -p "$to"
	cp "$from"/* "$to"
	cmp -s "$to/package-lock.json" "$to/installed" && return
	rm -f "$to/installed"
	if ! (cd "$to" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error "${patience[@]}" >log 2>&1); then
		cat "$to/log" >&2
		# Packages that are others than those of the lock file, or a lock file that fits to
		# nothing, are no matter of the network.
		! grep -qE 'code (EINTEGRITY|EUSAGE|EJSONPARSE)' "$to/log" || fail "the packages of $from are not those of its lock file"
		unavailable "the packages of $from could not be had"
	fi
	cp "$to/package-lock.json" "$to/installed"
}

case ${1:-} in
check)
	packages e2e/grafana "$tools/grafana"
	node "$tools/grafana/check.mjs" "$root"/dashboards/*.json
	;;
bundle)
	[[ $# -eq 2 ]] || fail "usage: scripts/dashboards.sh bundle DIRECTORY"
	mkdir -p "$2"
	out=$(cd "$2" && pwd)
	packages e2e/pictures "$tools/pictures"
	cd "$tools/pictures"
	node_modules/.bin/esbuild page.jsx --bundle --jsx=automatic --minify --log-level=error \
		--define:process.env.NODE_ENV='"production"' --loader:.svg=dataurl --loader:.woff2=dataurl --loader:.ttf=dataurl --outfile="$out/page.js"
	;;
*) fail "usage: scripts/dashboards.sh check | bundle DIRECTORY" ;;
esac
