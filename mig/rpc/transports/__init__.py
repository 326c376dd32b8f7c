# SPDX-License-Identifier: GPL-2.0-or-later
"""Ways to carry messages, one to a module; each is imported only where it is used."""
