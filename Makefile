# SPDX-License-Identifier: Apache-2.0
# The front door. Each target first installs the Debian packages that it misses (tools/deps).
SHELL := /bin/bash
JOBS ?= $(shell nproc)
# Most of a test's time is waiting.
TEST_JOBS ?= $(shell expr 2 \* $(JOBS))
PREFIX ?= /usr/local
SCENARIO ?=
BENCH ?=
FUZZ ?= request_head response_head chunked target topology memcached_request memcached_reply memcached_binary resp_request resp_reply
FUZZ_SECONDS ?= 60

.PHONY: help build test test-tsan test-placement bench lab fuzz profile install format docs clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: ## the release binary, build/release/tenfold
	@tools/deps build site
	cmake --preset release
	cmake --build build/release -j $(JOBS)

test: ## everything that is tested, with AddressSanitizer and UBSan
	@tools/deps test
	cmake --preset dev
	cmake --build build/dev -j $(JOBS)
	ctest --test-dir build/dev --output-on-failure -j $(TEST_JOBS)

test-tsan: ## the same with ThreadSanitizer
	@tools/deps test
	cmake --preset tsan
	cmake --build build/tsan -j $(JOBS)
	ctest --test-dir build/tsan --output-on-failure -j $(JOBS)

test-placement: ## placement beside nutcracker: 100,000 keys, 1 to 60 nodes; takes some minutes
	@tools/deps test
	tools/ring-vectors --all build/nutcracker_all.txt
	cmake --preset dev
	cmake --build build/dev -j $(JOBS) --target cluster_ring_test
	TENFOLD_NUTCRACKER_VECTORS=$(CURDIR)/build/nutcracker_all.txt build/dev/cluster_ring_test --gtest_filter=Nutcracker.PlacementIsTheSame

bench: build ## CPU, memory and hit ratios beside HAProxy, nginx, twemproxy and a bare relay
	@tools/deps bench
	bench/run $(BENCH)

lab: build ## a whole site on this machine; SCENARIO=add, drain, kill, reload or cache runs one
	@tools/deps lab
	lab/lab $(SCENARIO)

fuzz: ## each fuzz target for FUZZ_SECONDS, 60; FUZZ="chunked target" runs only those
	@tools/deps fuzz
	cmake --preset fuzz
	cmake --build build/fuzz -j $(JOBS) --target fuzz/all
	@printf '%s\n' $(FUZZ) | xargs -P $(JOBS) -I {} fuzz/run {} $(FUZZ_SECONDS)

profile: ## cmake/tenfold.proftext anew, which release builds are optimised by; takes some ten minutes
	tools/profile

install: build ## the binary, its manual pages, the systemd unit with its account, and an example file
	install -D build/release/tenfold $(DESTDIR)$(PREFIX)/bin/tenfold
	sed 's|/usr/local/bin/|$(PREFIX)/bin/|' packaging/tenfold.service | \
	  install -D -m 644 /dev/stdin $(DESTDIR)/lib/systemd/system/tenfold.service
	install -D -m 644 packaging/tenfold.sysusers $(DESTDIR)/usr/lib/sysusers.d/tenfold.conf
	install -D -m 644 packaging/tenfold.tmpfiles $(DESTDIR)/usr/lib/tmpfiles.d/tenfold.conf
	install -D -m 644 packaging/tenfold.example.toml $(DESTDIR)$(PREFIX)/share/doc/tenfold/tenfold.example.toml
	install -d $(DESTDIR)$(PREFIX)/share/man/man5 $(DESTDIR)$(PREFIX)/share/man/man8
	build/release/tenfold schema --man | gzip -9n > $(DESTDIR)$(PREFIX)/share/man/man5/tenfold.toml.5.gz
	build/release/tenfold completion --man | gzip -9n > $(DESTDIR)$(PREFIX)/share/man/man8/tenfold.8.gz

format: ## clang-format over all C++
	@tools/deps test
	git ls-files '*.h' '*.cc' | xargs clang-format-19 -i

docs: build ## the generated reference pages
	build/release/tenfold schema > docs/reference/tenfold.schema.json
	build/release/tenfold schema --page > docs/reference/topology.md
	build/release/tenfold completion --page > docs/reference/command-line.md

clean: ## removes build/
	rm -rf build
