# SPDX-License-Identifier: GPL-2.0-or-later
"""Regressions across runs and kernels: measure, keep, compare, follow.

The way of the data: `measure` (a host's runs) -> `measurement` (values) -> `files` (kept) ->
`compare` or `exact` (verdicts) -> `render` (text for people and for CI).  docs/regressions.md has
the method and the figures behind it.
"""
