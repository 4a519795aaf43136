# Two commands do everything on a fresh machine: `make demo` shows the main job, `make test` passes the tests.
#
#   make demo ARGS="--for 5s --json"   flags for `glimpsed demo`
#   make setup                         only what building and running takes
#   make setup-qnn                     also the QNN plugin: the NPU's libraries (x86-64: its emulator)

CARGO ?= cargo
export ORT_DISABLE_TELEMETRY := 1
TARGET := $(or $(CARGO_TARGET_DIR),target)
RUNTIME := .runtime

.PHONY: demo build test setup setup-qnn link clean

demo: build
	@$(TARGET)/release/glimpsed demo $(ARGS)

build: setup
	@$(CARGO) build --release --locked

test: setup-qnn
	@$(CARGO) fmt --all --check
	@$(CARGO) clippy --locked --all-targets -- --deny warnings
	@if $(CARGO) nextest --version >/dev/null 2>&1; then $(CARGO) nextest run --locked; else $(CARGO) test --locked; fi

setup:
	@setup/install-packages
	@setup/check-rust
	@setup/fetch-wheel setup/onnxruntime.txt $(RUNTIME)/onnxruntime
	@$(MAKE) --no-print-directory link

setup-qnn: setup
	@setup/fetch-wheel setup/onnxruntime-qnn.txt $(RUNTIME)/onnxruntime-qnn

# The program looks for its libraries in ../lib/glimpsed, in a build as in an installation.
link:
	@mkdir -p $(TARGET)/lib
	@ln -sfn $(abspath $(RUNTIME)) $(TARGET)/lib/glimpsed

clean:
	@$(CARGO) clean
	@rm -rf $(RUNTIME)
