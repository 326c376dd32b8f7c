# SPDX-License-Identifier: GPL-2.0-or-later
#
# make run          statistics of the embedded host, live
# make run-kernel   the same from a real GNU Mach kernel under QEMU
# make screenshots  the pictures of docs/views.md, made anew
# make test         everything, fast to slow; the parts have targets of their own
#
# Each target does all the set-up it needs on a fresh Debian 12 machine.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
GUEST := first-light
ON_ANOTHER_KERNEL := $(addprefix tests/kernel/test_, clock.py counts.py durations.py injection.py \
	profile.py qemu_host.py samples.py stress.py switching.py)
ROBUSTNESS := $(wildcard tests/conformance/test_malformed_*.py) tests/fuzz \
	tests/core/test_concurrency.py tests/core/test_model.py \
	tests/perfmon/faults tests/perfmon/kills tests/perfmon/mach/test_base_install.py \
	tests/perfmon/exports/test_page.py tests/perfmon/live/test_terminal.py
# The workers must agree on the names of tests, in some of which a set stands.
export PYTHONHASHSEED := 0
IN_PARALLEL := -n 2 --dist worksteal
LEFT_TO_ROBUSTNESS := $(addprefix --ignore=,$(ROBUSTNESS))

# What the build reads: stubs and the core are made anew when any of it changes.
SOURCES := setup.py $(shell find mig csrc include -name __pycache__ -prune -o -type f -print)

.PHONY: run run-kernel test lint unit conformance robustness kernels fuzz bench mutants coverage soak build clean
.DELETE_ON_ERROR:

run: build
	$(BIN)/perfmon -H embedded: demo

run-kernel: build
	PYTHON=$(PYTHON) tools/system-packages kernel
	$(BIN)/perfmon kernel fetch
	$(BIN)/perfmon kernel instrument --output build/gnumach-perf
	$(BIN)/perfmon kernel boot $(GUEST) --kernel build/gnumach-perf
	$(BIN)/perfmon -H qemu:$(GUEST) demo; status=$$?; \
		$(BIN)/perfmon kernel stop $(GUEST); exit $$status

test: lint unit conformance robustness kernels

lint: build
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

unit: build-test
	$(BIN)/pytest -q $(IN_PARALLEL) tests/mig tests/core tests/embedded tests/perfmon tests/project \
		$(LEFT_TO_ROBUSTNESS)

conformance: build-test
	$(BIN)/pytest -q tests/conformance $(LEFT_TO_ROBUSTNESS)

robustness: build-test
	PYTHON=$(PYTHON) tools/system-packages robustness
	$(BIN)/pytest -q $(ROBUSTNESS)

# A recording of a real kernel in every format, against its readers; a minute or two for a million.
EVENTS := 1000000
.PHONY: recording
recording: build-test
	PYTHON=$(PYTHON) tools/system-packages kernel
	EVENTS=$(EVENTS) $(BIN)/pytest -q tests/kernel/test_recording.py

# Everything that is measured, beside the peers; also makes the figures of docs/benchmarks.md.
bench: build-test
	PYTHON=$(PYTHON) tools/system-packages kernel bench
	$(BIN)/python tools/requirements.py bench > $(VENV)/requirements-bench.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r $(VENV)/requirements-bench.txt
	$(BIN)/python -m benchmarks --page docs/benchmarks.md

# Spoils the core in so many places, one at a time, and says which its tests did not notice.
MUTANTS := 100
mutants: build-test
	$(BIN)/python -m tests.mutate --count $(MUTANTS)

# Lines and branches: of Python by the unit tests and what kernels need no boot for, of the core in
# C by its own, which write their counts when their process ends (a worker of xdist's is killed).
coverage: build-test
	PYTHON=$(PYTHON) tools/system-packages kernel
	$(BIN)/python tools/requirements.py coverage > $(VENV)/requirements-coverage.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r $(VENV)/requirements-coverage.txt
	rm -rf build/coverage && mkdir -p build/coverage
	PERFMON_CORE_FLAGS="--coverage -O0 -fprofile-update=atomic" $(BIN)/coverage run \
		-m pytest -q --basetemp=build/coverage/tests tests/core $(LEFT_TO_ROBUSTNESS)
	$(BIN)/coverage run -m pytest -q $(IN_PARALLEL) tests/mig tests/embedded tests/perfmon \
		$(LEFT_TO_ROBUSTNESS)
	$(BIN)/coverage run -m pytest -q $(addprefix tests/kernel/test_, instrument.py packages.py \
		damaged_images.py from_source.py container.py kinds.py)
	$(BIN)/coverage combine -q
	$(BIN)/coverage report
	$(BIN)/gcovr --root . --filter csrc/core/ --txt-metric branch build/coverage/tests
	$(BIN)/gcovr --root . --filter csrc/core/ build/coverage/tests

# How often comparisons are wrong, and how much they find: see docs/regressions.md.
TRIALS := 200
.PHONY: null-experiment power-experiment
null-experiment: build
	$(BIN)/python benchmarks/regressions/embedded.py null --trials $(TRIALS)
	PYTHON=$(PYTHON) tools/system-packages kernel
	$(BIN)/python benchmarks/regressions/guests.py null --trials $(TRIALS)

power-experiment: build
	$(BIN)/python benchmarks/regressions/embedded.py power --trials $(TRIALS)
	PYTHON=$(PYTHON) tools/system-packages kernel
	$(BIN)/python benchmarks/regressions/guests.py power
	$(BIN)/python benchmarks/regressions/guests.py time --trials 3

# An hour of a guest's time, at work and recorded; then ten million events, each accounted for.
MINUTES := 60
soak: build-test
	PYTHON=$(PYTHON) tools/system-packages kernel
	$(BIN)/python -m tests.kernel.soak --minutes $(MINUTES)
	PERFMON_SOAK=10000000 $(BIN)/pytest -q tests/kernel/test_loss.py

# As long as you like: make fuzz SECONDS=3600
SECONDS := 60
fuzz: build-test
	PYTHON=$(PYTHON) tools/system-packages robustness
	$(BIN)/python -m tests.fuzz.run --seconds $(SECONDS)

kernels: build-test
	PYTHON=$(PYTHON) tools/system-packages kernel
	$(BIN)/pytest -q tests/kernel
	$(BIN)/pytest -q --kind x86_64-up $(ON_ANOTHER_KERNEL)

# Every kind of kernel, every test that can take one, and 1000 switches under load: an hour.
.PHONY: boot-matrix
boot-matrix: build-test
	PYTHON=$(PYTHON) tools/system-packages kernel
	$(BIN)/pytest -q tests/kernel/test_matrix.py
	$(BIN)/pytest -q --switches 1000 tests/kernel/test_switching.py tests/kernel/test_processors.py
	for kind in i386-up-bookworm i386-up-sid i386-smp i386-smp-trixie x86_64-up; do \
		$(BIN)/pytest -q --kind $$kind $(ON_ANOTHER_KERNEL) || exit 1; done
	$(BIN)/pytest -q --kind i386-smp --cpus 2 tests/kernel/test_stress.py

.PHONY: build-test
build-test: build
	PYTHON=$(PYTHON) tools/system-packages test

build: build/.built

build/.environment: pyproject.toml
	PYTHON=$(PYTHON) tools/system-packages build
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade pip setuptools wheel
	$(BIN)/python tools/requirements.py dev > $(VENV)/requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r $(VENV)/requirements.txt
	mkdir -p build && touch $@

build/.built: build/.environment $(SOURCES)
	PYTHONWARNINGS=ignore $(BIN)/python -m pip install --quiet --disable-pip-version-check \
		--no-build-isolation --no-deps --editable .
	touch $@

# A pure wheel, for machines with Python and cffi alone, such as a Hurd box.
.PHONY: wheel
wheel: build
	PERFMON_PURE=1 $(BIN)/python -m build --wheel --no-isolation

# The pictures of docs/views.md, from figures measured now.
.PHONY: screenshots
screenshots: build
	$(BIN)/python tools/screenshots.py docs

include tests/user-qemu.mk

clean:
	rm -rf build dist perfmon/_generated perfmon/_embedded*.so *.egg-info
