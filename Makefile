# The daily commands; `make` alone lists them. Each does all set-up that it needs, and nothing when that is done.
# Variables: WITH="s3 elasticsearch" (more servers for `up`), PREFIX and DESTDIR (for `install`), CTEST="-L unit" (for `test`).

WITH   ?=
PREFIX ?= /usr/local
CTEST  ?=

.PHONY: help setup build demo test smoke up down status bench lint install clean
MAKEFLAGS += --no-print-directory
.NOTPARALLEL:

comma   := ,
space   := $(subst ,, )
servers := postgresql neo4j redis
tool    := build/release/bin/summit-dr-dev

help:
	@sed -n 's/^\([a-z%-]*\):.*## \(.*\)/  make \1|\2/p' Makefile | column -t -s'|'

setup: ## the Debian packages, and the servers (PostgreSQL, Neo4j, Redis and those of WITH) in the user's cache
	@scripts/setup/packages.sh
	@scripts/setup/servers.sh $(servers) $(WITH)

build: ## the programs, in build/release/bin
	@scripts/setup/packages.sh build
	@$(MAKE) build/release/build.ninja
	@cmake --build --preset release

demo: setup build ## generate a platform, back it up, destroy it, restore it, prove it equal
	@scripts/demo.sh

test: ## all tests, on real servers; the last line counts them
	@scripts/setup/packages.sh
	@scripts/setup/servers.sh $(servers) postgresql-others neo4j-others s3 elasticsearch kms
	@$(MAKE) build/ci/build.ninja
	@cmake --build --preset ci
	@scripts/run-tests.sh $(CTEST)

up: setup build ## start a development platform on loopback, data in .summit/ (WITH="s3 elasticsearch" for more)
	@$(tool) up $(if $(strip $(WITH)),--with=$(subst $(space),$(comma),$(strip $(WITH))))

down: $(tool) ## stop exactly what `make up` started
	@$(tool) down

status: $(tool) ## what runs, and where
	@$(tool) status

smoke: $(tool) ## check the running platform: connections, counts, relations, indexes, audit chain
	@build/release/bin/summit-dr smoke

bench: build ## every benchmark; one alone: make bench-NAME
	@for script in bench/*.sh; do echo "== $$script"; "$$script" || exit; done

bench-%: build
	@bench/$*.sh

lint: ## includes, format, clang-tidy, shellcheck
	@scripts/setup/packages.sh build lint
	@$(MAKE) build/debug/build.ninja
	@scripts/lint.sh

install: $(tool) ## the program, its configuration and documents, below PREFIX (and DESTDIR)
	@DESTDIR=$(DESTDIR) cmake --install build/release --prefix $(PREFIX)

clean: ## remove build/; the platform's data in .summit/ stay
	@rm -rf build

# Stopping or looking at a platform must neither wait for a build nor need the network.
$(tool):
	@$(MAKE) build

build/%/build.ninja: CMakePresets.json
	@cmake --preset $* --log-level=NOTICE
