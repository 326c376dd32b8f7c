# SPDX-License-Identifier: GPL-2.0-or-later
"""What recordings say: figures from samples.  Nothing is printed here, and no host is asked."""
