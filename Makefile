# SPDX-License-Identifier: Apache-2.0
# Thin: what is done, and in which order, is in Tests/vm. Nothing has to be installed before.

.DEFAULT_GOAL := help
# Variables given to make reach the scripts, and an empty one counts as not given.
export KERNEL HEADERS MODULE ICOUNT ACCEL CPUS MEMORY LIMIT
export COMMAND = $(value CMD)

.PHONY: run test conformance check module swift generate guest shell clean help

run: ## Open two connections to a real nginx in a guest, the second with its request in the SYN
	@Tests/vm/swift
	@Tests/vm/guest Tests/guest/firstlight

test: ## Run every test: host, static checks, guest; ends with "N passed, N failed, N skipped"
	@Tests/vm/test

conformance: ## Run the guest suites, then print what they prove: each clause and status, at each layer
	@Tests/vm/swift --build-tests
	@Tests/vm/suites; status=$$?; Tests/vm/conformance && exit $$status

check: ## Run the static checks alone
	@Tests/vm/check

module: ## Build the kernel module for the newest installed Debian kernel, warnings as errors
	@Tests/vm/module

swift: ## Build the Swift package
	@Tests/vm/swift

generate: ## Generate the uapi header and the policies from kmod/kconnect.yaml
	@kmod/generate

guest: ## Run CMD='…' as root in a guest with the module (KERNEL=path ICOUNT=1 MODULE=0|installed ACCEL=kvm|tcg LIMIT=s)
	@Tests/vm/swift
	@Tests/vm/guest "$${COMMAND:?say what to run: make guest CMD='…'}"

shell: ## Give a root prompt in such a guest
	@Tests/vm/swift
	@Tests/vm/guest

clean: ## Remove what was built (what was installed stays)
	rm -rf build .build

help: ## List the targets
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' Makefile | expand -t 12
