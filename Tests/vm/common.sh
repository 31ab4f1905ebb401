# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2034
# What every script of the harness needs: where things are, and how it speaks. Sourced, not run.

set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
build=$root/build
results=$build/results # of the tests, in JUnit's form
cache=${XDG_CACHE_HOME:-$HOME/.cache}/kconnect
kernel_tools=$cache/kernel-tools # the kernel's own checkpatch.pl and YNL generator, see install
kernel_tools_version=7.3
venv_dir=$cache/venv
vng_version=1.42

say() { echo "==> $*" >&2; }

die() {
	echo "error: $*" >&2
	exit 1
}

# The version of the newest installed Debian kernel that a module can be built for.
newest_kernel() {
	local image version
	while read -r image; do
		version=${image#/boot/vmlinuz-}
		[ ! -e "/lib/modules/$version/build/Makefile" ] || {
			echo "$version"
			return
		}
	done < <(printf '%s\n' /boot/vmlinuz-*[0-9]-amd64 | sort -rV)
	return 1
}

# A suite leaves its results where the count looks for them, in the form that other test tools write too.
suite_begin() {
	suite=$1
	mkdir -p "$results"
	rm -f "$results/$suite.xml"
	cases='' failures=0
}

# suite_test NAME COMMAND...: the test passes if the command does.
suite_test() {
	local name=$1 verdict=passed fault=''
	shift
	"$@" 2>&1 || { verdict=FAILED fault='<failure/>' failures=$((failures + 1)); }
	echo "$verdict  $suite: $name"
	cases+="<testcase name=\"$name\">$fault</testcase>"
}

suite_end() {
	echo "<testsuite name=\"$suite\">$cases</testsuite>" >"$results/$suite.xml"
	[ "$failures" = 0 ]
}
