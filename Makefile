# tgl: build, demo, tests. `make help` lists the targets; each installs what it needs on Debian.

SWIFT      ?= swift
PREFIX     ?= /usr/local
DESTDIR    ?=
VENV       ?= .venv
BENCH_VENV ?= .venv-bench
# Of their own: what they need does not go with what the tests need.
CHECKERS    = $(VENV)-packaging
SEEDS      ?= 600
PYTHON     ?= python3
# In CI a warning is an error.
export TGL_WERROR := $(if $(CI),1,0)

DEBUG_BIN   = $(shell $(SWIFT) build --show-bin-path)
RELEASE_BIN = $(shell $(SWIFT) build -c release --show-bin-path)
SOURCES     = Package.swift Sources Tests Benchmarks

.DEFAULT_GOAL := help
.PHONY: help build demo test unit interop docs-test simulate soak storm bench bench-smoke schema completions install deb deb-test format check deps venv clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

deps: ## install the system libraries when they are missing (Debian, Ubuntu)
	@packaging/deps.sh libsqlite3-dev libssl-dev libreadline-dev libqrencode-dev zlib1g-dev

build: deps ## build the release binaries
	$(SWIFT) build -c release --static-swift-stdlib --product tgl
	$(SWIFT) build -c release --static-swift-stdlib --product tgl-sandbox

demo: deps ## show a deleted message coming back, against the local sandbox
	$(SWIFT) build --product tgl
	$(SWIFT) build --product tgl-sandbox
	@$(DEBUG_BIN)/tgl-sandbox demo --tgl $(DEBUG_BIN)/tgl

test: deps venv ## everything: checks, unit tests, simulations, the real binary, Telethon and Kurigram, the package, the benchmarks
	$(SWIFT) build --build-tests
	@$(MAKE) --no-print-directory check
	@$(MAKE) --no-print-directory unit
	@$(MAKE) --no-print-directory simulate
	@$(MAKE) --no-print-directory interop
	@$(MAKE) --no-print-directory docs-test
	@$(MAKE) --no-print-directory deb-test TGL_BIN=$(DEBUG_BIN)/tgl
	@$(MAKE) --no-print-directory bench-smoke

unit: deps ## the Swift tests
	TGL_PYTHON=$(abspath $(VENV)/bin/python) $(SWIFT) test --disable-xctest --skip SimulationTests

simulate: deps ## lives on fake time full of faults, by seed: SEEDS=n lives, or SEED=k again (TRACE=1 tells each step)
	SWIFT_DETERMINISTIC_HASHING=1 SEEDS=$(SEEDS) $(if $(SEED),SEED=$(SEED)) $(if $(TRACE),TRACE=$(TRACE)) \
	  $(SWIFT) test --disable-xctest --filter SimulationTests
	TGL_DAY=1 $(SWIFT) test --skip-build --disable-xctest --filter DayTests

interop: deps venv ## the real binaries against the sandbox, Telethon and Kurigram, proxies and promtool
	@packaging/deps.sh dante-server prometheus tinyproxy
	$(SWIFT) build
	TGL_BIN=$(DEBUG_BIN) $(VENV)/bin/python -m pytest -q Tests/Interop

docs-test: deps venv ## do what the documentation says, block by block, and check every name and link in it
	$(SWIFT) build --product tgl
	$(SWIFT) build --product tgl-sandbox
	TGL_BIN=$(DEBUG_BIN) $(VENV)/bin/python -m pytest -q Tests/Docs

soak: build venv ## 20 minutes of messages and faults with the release binaries: what they take does not grow (TGL_SOAK_MINUTES=n)
	TGL_SOAK_MINUTES=$${TGL_SOAK_MINUTES:-20} TGL_BIN=$(RELEASE_BIN) $(VENV)/bin/python -m pytest -q -s Tests/Interop/test_soak.py

storm: build venv ## 20,000 messages, faults and 35 kills, with the release binaries
	TGL_STORM_MESSAGES=20000 TGL_BIN=$(RELEASE_BIN) $(VENV)/bin/python -m pytest -q -s Tests/Interop/test_storm.py

bench: build $(BENCH_VENV)/.ready ## measure tgl beside its peers and print the table, an hour or two (ONLY="crypto media", RUNS=n, MESSAGES=n)
	$(SWIFT) build -c release --static-swift-stdlib --product tgl-bench
	$(BENCH_VENV)/bin/python Benchmarks/bench.py --binaries $(RELEASE_BIN) \
	  $(if $(ONLY),--only "$(ONLY)") $(if $(RUNS),--runs $(RUNS)) $(if $(MESSAGES),--messages $(MESSAGES))

bench-smoke: deps $(BENCH_VENV)/.ready ## whether the benchmarks still work and what they measure is right, not how fast it is
	$(SWIFT) build
	$(BENCH_VENV)/bin/python Benchmarks/bench.py --smoke --binaries $(DEBUG_BIN)

$(BENCH_VENV)/.ready: Benchmarks/requirements.txt Tests/Interop/requirements.txt
	@packaging/deps.sh python3 python3-venv openssl gcc
	$(PYTHON) -m venv $(BENCH_VENV)
	$(BENCH_VENV)/bin/pip install --quiet --disable-pip-version-check -r Benchmarks/requirements.txt pytest
	@touch $@

schema: ## generate Sources/TL from the TL schema (TL=path/to/api.tl) or, without TL, from the committed table
	$(SWIFT) run --quiet tlgen generate $(if $(TL),--api $(TL)) $(if $(MTPROTO_TL),--mtproto $(MTPROTO_TL))

completions: deps ## generate completions/, docs/man/ and docs/configuration.md
	$(SWIFT) build --product tgl
	$(SWIFT) build --product generate-manual
	packaging/generate-docs.sh $(DEBUG_BIN)

install: build ## install the binary, completions, man pages and systemd units under $(DESTDIR)$(PREFIX)
	packaging/install.sh $(RELEASE_BIN)/tgl "$(DESTDIR)" "$(PREFIX)"

deb: $(if $(TGL_BIN),,build) ## make a Debian package in .build/deb, of TGL_BIN or of a release build
	@packaging/deps.sh binutils dpkg-dev
	packaging/debian/build.sh "$(or $(TGL_BIN),$(RELEASE_BIN)/tgl)" .build/deb

deb-test: venv $(if $(TGL_BIN),,build) ## root only: put the package of TGL_BIN or a release build into a scratch Debian, boot it, take it out
	@[ "$$(id -u)" != 0 ] || packaging/deps.sh binutils debootstrap dpkg-dev lintian systemd-container
	$(SWIFT) build --product tgl-sandbox
	TGL_PACKAGED="$(abspath $(or $(TGL_BIN),$(RELEASE_BIN)/tgl))" TGL_BIN=$(DEBUG_BIN) \
	  $(VENV)/bin/python -m pytest -q -rs Tests/Packaging

format: ## format the Swift sources
	$(SWIFT) format format --in-place --recursive --parallel $(wildcard $(SOURCES))

check: deps venv $(CHECKERS)/.ready ## format, generated schema, completions and man pages are current; documentation and packaging agree with them
	$(SWIFT) format lint --strict --recursive --parallel $(wildcard $(SOURCES))
	$(SWIFT) run --quiet tlgen check
	$(SWIFT) build --product tgl
	$(SWIFT) build --product generate-manual
	packaging/generate-docs.sh $(DEBUG_BIN) --check
	$(SWIFT) build --product tgl-sandbox
	TGL_BIN=$(DEBUG_BIN) $(VENV)/bin/python -m pytest -q Tests/Docs/test_pages.py
	packaging/check.sh $(CHECKERS)

venv: $(VENV)/.ready
$(VENV)/.ready: Tests/Interop/requirements.txt
	@packaging/deps.sh python3 python3-venv zbar-tools
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --disable-pip-version-check -r Tests/Interop/requirements.txt
	@touch $@

$(CHECKERS)/.ready: packaging/requirements.txt
	@packaging/deps.sh python3 python3-venv
	$(PYTHON) -m venv $(CHECKERS)
	$(CHECKERS)/bin/pip install --quiet --disable-pip-version-check -r packaging/requirements.txt
	@touch $@

clean: ## remove what was built
	rm -rf .build $(VENV) $(CHECKERS) $(BENCH_VENV)
