# SPDX-License-Identifier: GPL-2.0-or-later
"""Recordings in the formats of other programs.

Each module turns the samples of a trace, in order of time, into lines of text or pieces of a
binary file; files are the caller's.
"""
