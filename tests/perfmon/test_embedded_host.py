# SPDX-License-Identifier: GPL-2.0-or-later
"""The embedded host does what every host does."""

import pytest

from tests.perfmon.host_contract import HostContract


class TestEmbeddedHost(HostContract):
    @pytest.fixture
    def address(self) -> str:
        return "embedded:"
