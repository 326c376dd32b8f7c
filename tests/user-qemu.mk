# SPDX-License-Identifier: GPL-2.0-or-later
#
# Tests that run inside a guest under QEMU, without any host; part of the Makefile.

.PHONY: run-performance-analysis
run-performance-analysis: build
	PYTHON=$(PYTHON) tools/system-packages kernel
	$(BIN)/python -m tests.guest_programs tests/test-performance-analysis.c
