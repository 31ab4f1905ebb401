# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What every script of the harness needs: where things are, and how it speaks. Sourced, not run.

set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/kconnect
kernel_tools=$cache/kernel-tools # the kernel's own checkpatch.pl and YNL generator, see install
build=$root/build

say() { echo "==> $*" >&2; }

die() {
	echo "error: $*" >&2
	exit 1
}
