# SPDX-License-Identifier: GPL-2.0-or-later
"""A call with two integers and one in return, over what carries such calls on one machine."""
