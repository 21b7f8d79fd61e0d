#!/usr/bin/env bash
# Puts the tools of this project below a directory, without root and without
# installing anything. It does nothing, and says nothing, for a tool that is there.
#
#   scripts/tools.sh DIRECTORY golangci-lint VERSION
#   scripts/tools.sh DIRECTORY prometheus PACKAGE
#   scripts/tools.sh DIRECTORY chromium PACKAGE
#
# VERSION is a tag such as v2.15.0. PACKAGE is a Debian package, with =VERSION
# where a certain one is wanted; that of prometheus brings promtool, too.
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
	prepare "$package" 'prometheus and promtool'
	say "unpacking the Debian package $package"
	download "$package" || fail "the package $package could not be had: $(tail -n 3 "$work/log" | tr '\n' ' ')"
	dpkg-deb -x "$work"/*.deb "$work/root"
	rm -rf "$tools/prometheus"
	mv "$work/root" "$tools/prometheus"
	for name in prometheus promtool; do
		ln -sf "../prometheus/usr/bin/$name" "$bin/$name"
	done
	works "$bin" || fail "the binaries of the package $package do not run on this machine"
}

# chromium finds the browser on the PATH, or unpacks the Debian package with those
# of its dependencies that this machine does not have, and writes a script that
# starts it with them.
chromium() {
	local package=$1 name path libraries
	"$bin/chromium" --version >/dev/null 2>&1 && return
	for name in chromium chromium-browser google-chrome; do
		if path=$(type -P "$name") && "$path" --version >/dev/null 2>&1; then
			ln -sf "$path" "$bin/chromium"
			return
		fi
	done
	prepare "$package" 'chromium'
	say "unpacking the Debian package $package and what it needs"
	download_all "$package" || fail "the package $package could not be had: $(tail -n 3 "$work/log" | tr '\n' ' ')"
	for name in "$work"/*.deb; do
		dpkg-deb -x "$name" "$work/root"
	done
	rm -rf "$tools/chromium" "$bin/chromium"
	mv "$work/root" "$tools/chromium"
	libraries=$(find "$tools/chromium" \( -name '*.so' -o -name '*.so.*' \) -printf '%h\n' | sort -u | tr '\n' ':')
	cat >"$bin/chromium" <<-END
		#!/bin/sh
		# Fonts are found by a file that only an installed package puts in its place.
		[ -e /etc/fonts/fonts.conf ] || export FONTCONFIG_PATH='$tools/chromium/etc/fonts' XDG_DATA_HOME='$tools/chromium/usr/share'
		export LD_LIBRARY_PATH='${libraries%:}'
		exec '$tools/chromium/usr/lib/chromium/chromium' "\$@"
	END
	chmod +x "$bin/chromium"
	"$bin/chromium" --version >/dev/null 2>&1 || fail "the browser of the package $package does not run on this machine"
}

# prepare makes a directory to unpack a package in, and its lists of options.
prepare() {
	local package=$1 wanted=$2 name
	for name in apt-get dpkg-deb; do
		command -v "$name" >/dev/null ||
			fail "$name is not there to unpack the package $package: put $wanted on the PATH"
	done
	work=$(mktemp -d "$tools/unpack.XXXXXX")
	trap 'rm -rf "$work"' EXIT
	machine=(
		-o "APT::Sandbox::User=$(id -un)"
		-o "Dir::Cache=$work/cache"
	)
	own=(
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
}

# download fetches packages with the machine's own package lists. Where these are
# missing or old, it fetches lists into a directory of its own, as /var may be
# closed to us.
download() {
	apt-get "${machine[@]}" download "$@" >log 2>&1 && return
	rm -f ./*.deb
	# A source that does not answer is no matter as long as one has the package.
	apt-get "${own[@]}" update >log 2>&1 || true
	apt-get "${own[@]}" download "$@" >>log 2>&1
}

# download_all fetches a package with what it needs and is not installed.
download_all() {
	local package=$1 needed
	if needed=$(needs "$package" "${machine[@]}"); then
		# shellcheck disable=SC2086 # It is a list of words.
		apt-get "${machine[@]}" download $needed >log 2>&1 && return
	fi
	rm -f ./*.deb
	apt-get "${own[@]}" update >log 2>&1 || true
	needed=$(needs "$package" "${own[@]}") || return
	# shellcheck disable=SC2086 # It is a list of words.
	apt-get "${own[@]}" download $needed >>log 2>&1
}

# needs lists what would be installed with a package. The C library stays the
# machine's: its loader takes no other.
needs() {
	local package=$1
	shift
	apt-get "$@" --simulate --no-install-recommends install "$package" 2>>log | awk '$1 == "Inst" && $2 != "libc6" { print $2 }' | grep .
}

[[ $# -eq 3 ]] || fail "usage: scripts/tools.sh DIRECTORY golangci-lint|prometheus|chromium VERSION|PACKAGE"
mkdir -p "$1/bin"
tools=$(cd "$1" && pwd)
bin=$tools/bin
case $2 in
golangci-lint) golangci_lint "$3" ;;
prometheus) prometheus "$3" ;;
chromium) chromium "$3" ;;
*) fail "there is no tool $2; the tools are golangci-lint, prometheus and chromium" ;;
esac
