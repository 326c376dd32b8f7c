# SPDX-License-Identifier: GPL-2.0-or-later
"""One workshop for the whole run."""

import pytest

from tests.conformance.workshop import Workshop


@pytest.fixture(scope="session")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    return Workshop(tmp_path_factory.mktemp("conformance"))
