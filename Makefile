# Hookswitch: `make run` starts a demo office, `make test` proves everything, `make bench` measures.

# Where the load harness lies: SIPp, Asterisk beside us, one table. Said plainly when it is not there.
BENCH_HARNESS ?= ../shared/bench
# Where the demo keeps its data.
DATA ?= data/demo

.PHONY: run test bench conformance help

help:
	@echo 'make run          build and start a demo office on this machine (loopback only)'
	@echo 'make test         install what the tests need, then check and test everything'
	@echo 'make bench        measure the core, and the program beside Asterisk'
	@echo 'make conformance  write docs/compat/*.md from the last test run'

# The demo takes the vendors' own ports, 80 among them; who may not bind that gets ports of the system's choice.
run:
	cargo build --locked --release --package server --bin hookswitch
	scripts/demo $(DATA)

test:
	scripts/test

bench:
	BENCH_HARNESS='$(BENCH_HARNESS)' scripts/bench

conformance:
	cargo run --quiet --package xtask -- conformance --write
