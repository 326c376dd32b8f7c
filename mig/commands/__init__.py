# SPDX-License-Identifier: GPL-2.0-or-later
"""The options of ``mig`` that write no stubs: --check, --diff, --json.

Each module has a `run` that turns a command line into output and an exit status, and leaves what
there is to know about interfaces to the rooms below.
"""
