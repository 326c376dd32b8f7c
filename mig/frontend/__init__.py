# SPDX-License-Identifier: GPL-2.0-or-later
"""From ``.defs`` text to a syntax tree: preprocessing, tokens, grammar, diagnostics.

Nothing here knows what a type means or how large it is; that is :mod:`mig.model`'s.
"""
