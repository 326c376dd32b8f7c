# SPDX-License-Identifier: GPL-2.0-or-later
"""What can be said against an interface that compiles.

`lint` looks at the interface alone, `headers` holds its types against the C types they claim to
be, `compatibility` compares it with an earlier version of itself.  Each turns models into
findings; none reads the command line or prints.

`c_text`, `c_parse`, `c_types`, `c_constants` and `c_layout` know C and nothing of interfaces:
they tell the size, alignment and members of the types that a header declares.  They need
pycparser, which nothing else here imports.
"""
