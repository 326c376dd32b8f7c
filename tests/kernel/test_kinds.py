# SPDX-License-Identifier: GPL-2.0-or-later
"""The kinds of kernel: each can be had, and what is none is told from them."""

import pytest

from perfmon.kernel.errors import KernelError
from perfmon.kernel.kinds import DEFAULT, KINDS, kind_of


def test_every_candidate_is_pinned_to_one_file():
    for kind in KINDS.values():
        assert kind.candidates
        for package in kind.candidates:
            assert len(package.sha256) == 64
            assert package.name.endswith("-dbg")


def test_what_is_no_kind_is_told_from_those_there_are():
    with pytest.raises(KernelError, match=rf"no kind of kernel is called 'vax': {DEFAULT}, .* are"):
        kind_of("vax")
