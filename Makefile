# hal9000: `make run` starts everything on this machine, `make test` proves it.
.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help run mesh build images install test bench fuzz tidy lint format clean packages

BUILD := build/release
BINARIES := hal9000-api hal9000-auth hal9000-greeter hal
JOBS ?= $(shell nproc 2>/dev/null || echo 2)
PREFIX ?= /usr/local
# Images are <REGISTRY>/hal9000-api:<VERSION> and so on. Nobody pulls from localhost by mistake.
REGISTRY ?= localhost
VERSION := $(shell sed -n 's/.*kVersion = "\(.*\)";/\1/p' hal/app/version.hpp)
IMAGES := $(BUILD)/images
# Arguments of `hal up`, of the mesh or of bench/run, for example ARGS=--once.
ARGS ?=
export NINJA_STATUS ?= [%f/%t %es] 

help:
	@echo 'make run     install what is missing, build, start everything here, send a request and a login and'
	@echo '             print their traces; Ctrl-C ends it. ARGS=--once: end after that'
	@echo 'make mesh    one request through real Envoys, set up as Istio does, in each tracing mode; prints'
	@echo '             the traces. ARGS=--break: with an api that passes nothing on; ARGS=--help'
	@echo 'make test    build everything and run every test: unit, style, integration'
	@echo 'make bench   what a request costs, here and in the peers: half an hour on an idle machine of two'
	@echo '             CPUs. ARGS="--quick rpc": only see that it works; ARGS=--help: what else there is'
	@echo 'make fuzz    libFuzzer on all parsers of what comes from outside, a minute each; ARGS="--seconds 600 b3"'
	@echo 'make build   the programs alone: $(BUILD)/bin/{hal,hal9000-*}'
	@echo 'make images  OCI images of the services in $(IMAGES)/ (docs/guides/kubernetes.md),'
	@echo '             named REGISTRY=$(REGISTRY), a slash, hal9000-api:$(VERSION) and so on'
	@echo 'make install libraries, headers, programs into PREFIX=$(PREFIX), for find_package(hal9000)'
	@echo 'make tidy    the style test alone (docs/STYLE.md)'
	@echo 'make lint    clang-tidy on the C++ files that differ from main, or FILES="..."'
	@echo 'make format  clang-format on every C++ file'
	@echo 'make clean   remove build/'
	@echo
	@echo 'HAL_NO_INSTALL=1: install no package, say what is missing. JOBS=$(JOBS): parallel compiles.'

packages:
	@tools/install-packages build

$(BUILD)/build.ninja: CMakePresets.json | packages
	@cmake --preset release --log-level=WARNING
	@touch $@

build: packages $(BUILD)/build.ninja
	@ninja -C $(BUILD) -j$(JOBS) $(BINARIES)

images: build
	@tools/install-packages images
	@tools/image/make-image --prefix '$(REGISTRY)' --tag '$(VERSION)' --out $(IMAGES) \
	  $(addprefix $(BUILD)/bin/,$(filter hal9000-%,$(BINARIES)))

install: build
	@cmake --install $(BUILD) --prefix '$(abspath $(PREFIX))'

run: build
	@exec $(BUILD)/bin/hal up $(ARGS)

mesh: build
	@tools/install-packages test
	@python=$$(tools/run-tests --python) && PYTHONDONTWRITEBYTECODE=1 exec "$$python" tests/mesh/show.py $(ARGS)

test:
	@tools/install-packages test
	@exec tools/run-tests --jobs $(JOBS) unit tidy integration

# Its programs are no part of `all`: the option stays on in the build folder and costs nothing.
bench:
	@tools/install-packages bench
	@cmake --preset release --log-level=WARNING -DHAL_BENCH=ON
	@ninja -C $(BUILD) -j$(JOBS) hal_bench
	@exec bench/run $(ARGS)

fuzz:
	@tools/install-packages test
	@exec tools/run-fuzzers --jobs $(JOBS) $(ARGS)

tidy:
	@exec tools/tidy/tidy

lint:
	@tools/install-packages test
	@exec tools/run-clang-tidy $(FILES)

format:
	@git ls-files -co --exclude-standard '*.cpp' '*.hpp' | xargs clang-format-19 -i

clean:
	@rm -rf build
