# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2034
# What every script of the harness needs: where things are, and how it speaks. Sourced, not run.

set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
build=$root/build
cache=${XDG_CACHE_HOME:-$HOME/.cache}/kconnect
kernel_tools=$cache/kernel-tools # the kernel's own checkpatch.pl and YNL generator, see install
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
