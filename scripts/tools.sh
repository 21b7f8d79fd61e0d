#!/usr/bin/env bash
# Puts the tools of this project below a directory, without root and without
# installing anything. It does nothing, and says nothing, for a tool that is there.
#
#   scripts/tools.sh DIRECTORY golangci-lint VERSION
#   scripts/tools.sh DIRECTORY prometheus PACKAGE
#   scripts/tools.sh DIRECTORY alertmanager PACKAGE
#   scripts/tools.sh DIRECTORY chromium PACKAGE
#   scripts/tools.sh DIRECTORY current-prometheus MODULE
#   scripts/tools.sh DIRECTORY current-alertmanager VERSION
#
# VERSION is a tag such as v2.15.0. PACKAGE is a Debian package, with =VERSION
# where a certain one is wanted; that of prometheus brings promtool, too, and that of
# alertmanager amtool. The current ones are built into current/ below DIRECTORY;
# MODULE is a folder whose go.mod says which Prometheus.
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
	unpack download "$package" prometheus 'prometheus and promtool'
	for name in prometheus promtool; do
		ln -sf "../prometheus/usr/bin/$name" "$bin/$name"
	done
	works "$bin" || fail "the binaries of the package $package do not run on this machine"
}

# alerts tells whether both binaries below the directory run; the server has the
# name that is given, which is another in Debian.
alerts() {
	"$1/$2" --version >/dev/null 2>&1 && "$1/amtool" --version >/dev/null 2>&1
}

# alertmanager finds both binaries on the PATH, or unpacks the Debian package. Its
# server reads templates from a folder below /usr/share, without which it does not
# start: the unpacked one has a name of the same length there, for what the script
# that starts it has opened.
alertmanager() {
	local package=$1 name path
	local share=/usr/share/prometheus/alertmanager opened=/proc/self/fd/9/./././././././././
	alerts "$bin" alertmanager && return
	for name in prometheus-alertmanager alertmanager; do
		if path=$(type -P "$name") && alerts "$(dirname "$path")" "$name"; then
			ln -sf "$path" "$bin/alertmanager"
			ln -sf "$(dirname "$path")/amtool" "$bin/amtool"
			return
		fi
	done
	unpack download "$package" alertmanager 'alertmanager and amtool'
	LC_ALL=C sed -i "s#$share#$opened#g" "$tools/alertmanager/usr/bin/prometheus-alertmanager"
	rm -f "$bin/alertmanager"
	cat >"$bin/alertmanager" <<-END
		#!/bin/sh
		exec 9<'$tools/alertmanager$share'
		exec '$tools/alertmanager/usr/bin/prometheus-alertmanager' "\$@"
	END
	chmod +x "$bin/alertmanager"
	ln -sf ../alertmanager/usr/bin/amtool "$bin/amtool"
	alerts "$bin" alertmanager || fail "the binaries of the package $package do not run on this machine"
}

# is tells whether all the named binaries in current/ are of that version.
is() {
	local version=$1 name said
	shift
	for name in "$@"; do
		said=$("$tools/current/$name" --version 2>&1) && [[ $said == "$name, version $version "* ]] || return
	done
}

# current_prometheus builds both binaries in the version of the module, without the
# discovery in clouds, which nobody here needs and which takes most of the time. They
# have no pages for a browser.
current_prometheus() {
	local module=$1 tag version
	command -v go >/dev/null || fail "prometheus is built with go, which is not on the PATH"
	tag=$(GOFLAGS='' go -C "$module" list -m -f '{{.Version}}' github.com/prometheus/prometheus) ||
		fail "$module does not tell the version of prometheus"
	# As a module, 3.15.0 is v0.315.0, and 3.5.1 is v0.305.1.
	[[ $tag =~ ^v0\.([0-9])0?([0-9]+)\.([0-9]+)$ ]] || fail "the version $tag of prometheus cannot be read"
	version=${BASH_REMATCH[1]}.${BASH_REMATCH[2]}.${BASH_REMATCH[3]}
	is "$version" prometheus promtool && return
	say "building prometheus $version, which takes three minutes or more"
	mkdir -p "$tools/current"
	GOFLAGS='' go -C "$module" build -tags remove_all_sd -trimpath -o "$tools/current/" \
		-ldflags "-s -w -X github.com/prometheus/common/version.Version=$version" \
		github.com/prometheus/prometheus/cmd/prometheus github.com/prometheus/prometheus/cmd/promtool ||
		fail "prometheus $version could not be built"
	is "$version" prometheus promtool || fail "prometheus $version was built, but does not run"
}

# current_alertmanager builds both binaries in that version.
current_alertmanager() {
	local version=${1#v}
	is "$version" alertmanager amtool && return
	command -v go >/dev/null || fail "alertmanager is built with go, which is not on the PATH"
	say "building alertmanager $version, which takes a minute or two"
	mkdir -p "$tools/current"
	GOBIN=$tools/current GOFLAGS='' go install -trimpath \
		-ldflags "-s -w -X github.com/prometheus/common/version.Version=$version" \
		"github.com/prometheus/alertmanager/cmd/alertmanager@v$version" "github.com/prometheus/alertmanager/cmd/amtool@v$version" ||
		fail "alertmanager $version could not be built"
	is "$version" alertmanager amtool || fail "alertmanager $version was built, but does not run"
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
	unpack download_all "$package" chromium 'chromium'
	rm -f "$bin/chromium"
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

# unpack fetches a package, by download or download_all, and unpacks it into a folder of the
# tools, in the place of what was there.
unpack() {
	local fetch=$1 package=$2 folder=$3 wanted=$4 name
	prepare "$package" "$wanted"
	say "unpacking the Debian package $package"
	"$fetch" "$package" || fail "the package $package could not be had: $(tail -n 3 "$work/log" | tr '\n' ' ')"
	for name in "$work"/*.deb; do
		dpkg-deb -x "$name" "$work/root"
	done
	rm -rf "${tools:?}/$folder"
	mv "$work/root" "$tools/$folder"
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

names='golangci-lint, prometheus, alertmanager, chromium, current-prometheus and current-alertmanager'
[[ $# -eq 3 ]] || fail "usage: scripts/tools.sh DIRECTORY TOOL VERSION|PACKAGE|MODULE; the tools are $names"
mkdir -p "$1/bin"
tools=$(cd "$1" && pwd)
bin=$tools/bin
case $2 in
golangci-lint) golangci_lint "$3" ;;
prometheus) prometheus "$3" ;;
alertmanager) alertmanager "$3" ;;
chromium) chromium "$3" ;;
current-prometheus) current_prometheus "$3" ;;
current-alertmanager) current_alertmanager "$3" ;;
*) fail "there is no tool $2; the tools are $names" ;;
esac
