# SPDX-License-Identifier: GPL-2.0-or-later
"""From a model to text: C stubs and headers, Python packages.

A back end is a pure function; files are written by :mod:`mig.cli`.
"""
