# SPDX-License-Identifier: GPL-2.0-or-later
"""Figures of hosts for Prometheus to scrape.  Needs the extra `perfmon[fleet]`.

A target is a host that may come and go; what is read of it at one scrape becomes metrics here.
"""
