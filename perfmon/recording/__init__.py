# SPDX-License-Identifier: GPL-2.0-or-later
"""Recordings: samples of a host on disk, as a CTF 1.8 trace.

Formats and files are here; what is shown of them, and how commands ask for them, is not.
"""
