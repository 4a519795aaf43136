# On a fresh machine two commands are enough: `make demo` builds and runs the demo, `make test` runs the tests.
#
#   make test-integration              the tests against other programs; installs these first
#   make test-system                   the service in a virtual machine with systemd and a V4L2 camera; as root, some minutes
#   make demo ARGS="--for 5s --json"   flags for `glimpsed demo`
#   make setup                         only what is needed to build and run
#   make install DESTDIR=              the program, its libraries, pipelines and systemd units, into /usr (as root)
#   make uninstall DESTDIR=            removes what `make install` installed, except the configuration
#   make setup-qnn                     also the QNN plugin: the NPU's libraries (x86-64: its emulator)
#   make setup-python                  the Python packages for models/squeezenet1_1/quantize
#   make setup-classifiers             the published classifiers that tests/classifiers compares (151 MB)
#   make audit                         known vulnerabilities of the dependencies (needs the network and cargo-deny)
#   make compare ARGS="--model m.onnx"  compares glimpsed with a Python script on the same frames; takes some minutes

CARGO ?= cargo
export ORT_DISABLE_TELEMETRY := 1
TARGET := $(or $(CARGO_TARGET_DIR),target)
RUNTIME := .runtime
PROGRAM := $(TARGET)/release/glimpsed
CARGO_DENY := 0.20.2
export PATH := $(abspath $(TARGET)/tools/bin):$(PATH)

.PHONY: demo build test test-integration test-system setup setup-test setup-system setup-qnn setup-python setup-classifiers setup-deny audit compare link install install-program install-libraries uninstall clean

demo: build
	@$(TARGET)/release/glimpsed demo $(ARGS)

build: setup
	@$(CARGO) build --release --locked

# The tests that need only glimpsed, its libraries and the emulator of the NPU.
test: setup-qnn
	@$(CARGO) fmt --all --check
	@$(CARGO) clippy --locked --all-targets -- --deny warnings
	@RUSTDOCFLAGS="--deny warnings" $(CARGO) doc --locked --no-deps --lib
	@if $(CARGO) deny --version >/dev/null 2>&1; then $(CARGO) deny check bans licenses sources; else echo "cargo-deny is not installed: licences and sources are not checked (make setup-deny)" >&2; fi
	@if $(CARGO) nextest --version >/dev/null 2>&1; then $(CARGO) nextest run --locked -E 'not test(/^integration::/)'; else $(CARGO) test --locked -- --skip integration::; fi

# The tests against other programs (tests/it/integration), and those of all video codecs and shells, which need the same packages.
test-integration: setup-test setup-qnn setup-python setup-classifiers
	@$(CARGO) test --locked --test it -- integration:: films::every_codec cli::completions

# The installed service under systemd, with a camera that is unplugged. The virtual machine is emulated, so it is slow.
test-system: build setup-system
	@rm -rf $(TARGET)/system
	@$(MAKE) --no-print-directory install DESTDIR=$(abspath $(TARGET))/system/tree >/dev/null
	@VM_CACHE=$(abspath $(RUNTIME))/vm tests/system/run $(TARGET)/system/tree

setup:
	@setup/install-packages setup/packages.txt >&2
	@setup/check-rust >&2
	@setup/fetch-wheel setup/onnxruntime.txt $(RUNTIME)/onnxruntime >&2
	@$(MAKE) --no-print-directory link

# What only the integration tests need.
setup-test:
	@setup/install-packages setup/packages.txt setup/test-packages.txt >&2

# The virtual machine of `make test-system`; its image (0.6 GB) is built once.
setup-system:
	@setup/install-packages setup/system-packages.txt >&2

setup-qnn: setup
	@setup/fetch-wheel setup/onnxruntime-qnn.txt $(RUNTIME)/onnxruntime-qnn >&2

setup-python: setup
	@setup/python-packages setup/python.txt $(RUNTIME)/python >&2

setup-classifiers: setup
	@setup/fetch-classifiers setup/classifiers.txt $(RUNTIME)/classifiers >&2

# Without optimization: it runs for a second, but an optimized build takes minutes.
setup-deny: setup
	@$(CARGO) deny --version >/dev/null 2>&1 || CARGO_PROFILE_DEV_DEBUG=0 $(CARGO) install --locked --debug --root $(TARGET)/tools --target-dir $(TARGET)/tools/build cargo-deny@$(CARGO_DENY) >&2

audit:
	@$(CARGO) deny --version >/dev/null 2>&1 || { echo "audit: cargo-deny is not installed: make setup-deny" >&2; exit 1; }
	@$(CARGO) deny fetch db || { echo "audit: the database of advisories (github.com/rustsec/advisory-db) cannot be fetched; nothing was checked" >&2; exit 1; }
	@$(CARGO) deny check --disable-fetch advisories

compare: build
	@setup/python-packages benches/compare/requirements.txt $(RUNTIME)/compare >&2
	@PYTHONPATH=$(abspath $(RUNTIME)/compare) python3 benches/compare/compare.py --glimpsed $(TARGET)/release/glimpsed $(ARGS)

# The program searches its libraries in ../lib/glimpsed, in a build as well as in an installation.
link:
	@mkdir -p $(TARGET)/lib
	@ln -sfn $(abspath $(RUNTIME)) $(TARGET)/lib/glimpsed

# Files are replaced by renaming, never overwritten: truncating a file that a running daemon has mapped kills it (SIGBUS).
install: install-program install-libraries
	mkdir -p $(DESTDIR)/usr/share/glimpsed/pipelines $(DESTDIR)/etc/glimpsed
	install -m 644 pipelines/*.launch $(DESTDIR)/usr/share/glimpsed/pipelines/
	install -D -m 644 systemd/glimpsed.toml.example $(DESTDIR)/usr/share/glimpsed/glimpsed.toml.example
	install -D -m 644 schema/message.schema.json $(DESTDIR)/usr/share/glimpsed/message.schema.json
	install -D -m 644 schema/glimpsed.toml.schema.json $(DESTDIR)/usr/share/glimpsed/glimpsed.toml.schema.json
	[ -e $(DESTDIR)/etc/glimpsed/glimpsed.toml ] || install -m 644 systemd/glimpsed.toml.example $(DESTDIR)/etc/glimpsed/glimpsed.toml
	install -D -m 644 systemd/sysusers.conf $(DESTDIR)/usr/lib/sysusers.d/glimpsed.conf
	install -D -m 644 -t $(DESTDIR)/usr/lib/systemd/system systemd/glimpsed.service systemd/glimpsed.socket systemd/glimpsed-mqtt.service
	for recipe in integrations/*/*; do install -D -m 644 $$recipe $(DESTDIR)/usr/share/glimpsed/$$recipe; done
	install -D -m 644 systemd/70-glimpsed-npu.rules $(DESTDIR)/usr/lib/udev/rules.d/70-glimpsed-npu.rules
	for example in systemd/glimpsed.service.d/*.example systemd/examples/*; do install -D -m 644 $$example $(DESTDIR)/usr/share/glimpsed/$$example; done

install-program:
	install -D -m 755 $(PROGRAM) $(DESTDIR)/usr/bin/glimpsed.new
	mv -f $(DESTDIR)/usr/bin/glimpsed.new $(DESTDIR)/usr/bin/glimpsed

install-libraries:
	for part in onnxruntime/onnxruntime/capi onnxruntime-qnn; do \
		[ ! -d $(RUNTIME)/$$part ] || setup/install-tree $(RUNTIME)/$$part $(DESTDIR)/usr/lib/glimpsed/$$part || exit 1; \
	done

# The configuration in /etc/glimpsed, and the service's data (/var/lib/glimpsed, /var/cache/glimpsed), are kept.
uninstall:
	rm -f $(DESTDIR)/usr/bin/glimpsed $(DESTDIR)/usr/lib/sysusers.d/glimpsed.conf $(DESTDIR)/usr/lib/udev/rules.d/70-glimpsed-npu.rules
	rm -f $(DESTDIR)/usr/lib/systemd/system/glimpsed.service $(DESTDIR)/usr/lib/systemd/system/glimpsed.socket \
		$(DESTDIR)/usr/lib/systemd/system/glimpsed-mqtt.service
	rm -rf $(DESTDIR)/usr/lib/glimpsed $(DESTDIR)/usr/share/glimpsed

clean:
	@$(CARGO) clean
	@rm -rf $(RUNTIME)
