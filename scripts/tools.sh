#!/usr/bin/env bash
# Puts the tools of this project below a directory, without root and without
# installing anything. It does nothing, and says nothing, for a tool that is there.
#
#   scripts/tools.sh DIRECTORY golangci-lint VERSION
#   scripts/tools.sh DIRECTORY prometheus PACKAGE
#
# VERSION is a tag such as v2.15.0. PACKAGE is a Debian package, with =VERSION
# where a certain one is wanted; it brings prometheus and promtool.
set -euo pipefail

say() { printf 'tools: %s\n' "$*" >&2; }

fail() {
	say "$*"
	exit 1
}

# golangci_lint builds the linter unless it has that version.
golangci_lint() {
	local version=$1 have
	have=$("$bin/golangci-lint" version --short 2>/dev/null || true)
	[[ $have == "${version#v}" ]] && return
	command -v go >/dev/null || fail "golangci-lint is built with go, which is not on the PATH"
	say "building golangci-lint $version, which takes a minute or two"
	GOBIN=$bin GOFLAGS='' go install "github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$version" ||
		fail "golangci-lint $version could not be built"
}

# works tells whether both binaries below the directory run.
works() {
	"$1/prometheus" --version >/dev/null 2>&1 && "$1/promtool" --version >/dev/null 2>&1
}

# prometheus finds both binaries on the PATH, or unpacks the Debian package.
prometheus() {
	local package=$1 name path
	works "$bin" && return
	# type -P, as this function has the name of the binary.
	if path=$(type -P prometheus) && works "$(dirname "$path")"; then
		for name in prometheus promtool; do
			ln -sf "$(dirname "$path")/$name" "$bin/$name"
		done
		return
	fi
	for name in apt-get dpkg-deb; do
		command -v "$name" >/dev/null ||
			fail "$name is not there to unpack the package $package: put prometheus and promtool on the PATH"
	done
	say "unpacking the Debian package $package"
	work=$(mktemp -d "$tools/unpack.XXXXXX")
	trap 'rm -rf "$work"' EXIT
	download "$package" || fail "the package $package could not be had: $(tail -n 3 "$work/log" | tr '\n' ' ')"
	dpkg-deb -x "$work"/*.deb "$work/root"
	rm -rf "$tools/prometheus"
	mv "$work/root" "$tools/prometheus"
	for name in prometheus promtool; do
		ln -sf "../prometheus/usr/bin/$name" "$bin/$name"
	done
	works "$bin" || fail "the binaries of the package $package do not run on this machine"
}

# download fetches a package with the machine's own package lists. Where these
# are missing or old, it fetches lists into a directory of its own, as /var may
# be closed to us.
download() {
	local package=$1 own=(
		-o "Dir::State=$work/state"
		-o "Dir::State::lists=$work/state/lists"
		-o "Dir::State::status=/var/lib/dpkg/status"
		-o "Dir::Cache=$work/cache"
		-o "APT::Sandbox::User=$(id -un)"
		-o "Acquire::Languages=none"
		-o "Acquire::Retries=2"
	)
	mkdir -p "$work/state/lists/partial" "$work/cache/archives/partial"
	cd "$work"
	apt-get -o "APT::Sandbox::User=$(id -un)" -o "Dir::Cache=$work/cache" download "$package" >log 2>&1 && return
	rm -f ./*.deb
	# A source that does not answer is no matter as long as one has the package.
	apt-get "${own[@]}" update >log 2>&1 || true
	apt-get "${own[@]}" download "$package" >>log 2>&1
}

[[ $# -eq 3 ]] || fail "usage: scripts/tools.sh DIRECTORY golangci-lint|prometheus VERSION|PACKAGE"
mkdir -p "$1/bin"
tools=$(cd "$1" && pwd)
bin=$tools/bin
case $2 in
golangci-lint) golangci_lint "$3" ;;
prometheus) prometheus "$3" ;;
*) fail "there is no tool $2; the tools are golangci-lint and prometheus" ;;
esac
