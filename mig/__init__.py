# SPDX-License-Identifier: GPL-2.0-or-later
"""A Mach Interface Generator: from ``.defs`` to C stubs and Python clients.

The rooms, each knowing only those before it:

- :mod:`mig.frontend`: text to syntax tree;
- :mod:`mig.model`: syntax tree to resolved types, routines and wire layouts;
- :mod:`mig.backends`: model to text;
- :mod:`mig.compile`, :mod:`mig.cli`: arguments and files.

:mod:`mig.rpc` is the runtime of generated Python and knows none of them.  This file stays empty
of code, so that importing the runtime costs nothing of the compiler.
"""
