# SPDX-License-Identifier: GPL-2.0-or-later
"""Kernel images and guests: fetch, instrument and boot a GNU Mach kernel.

This package knows Debian's packages, ELF files and QEMU.  It knows nothing of
hosts, statistics or the performance monitor's RPCs.
"""
