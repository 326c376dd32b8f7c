# SPDX-License-Identifier: GPL-2.0-or-later
"""One workshop for the whole run, and every interface on every ABI as a bench in it."""

import pytest

from tests.conformance.subjects import IN_KERNEL, SUBJECTS, Subject
from tests.conformance.targets import TARGETS, Target
from tests.conformance.workshop import Bench, Workshop


@pytest.fixture(scope="session")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    return Workshop(tmp_path_factory.mktemp("conformance"))


@pytest.fixture(params=TARGETS, ids=lambda target: target.abi)
def target(request: pytest.FixtureRequest) -> Target:
    param: Target = request.param
    return param


@pytest.fixture(params=[*SUBJECTS, *IN_KERNEL], ids=str)
def subject(request: pytest.FixtureRequest) -> Subject:
    param: Subject = request.param
    return param


@pytest.fixture
def bench(workshop: Workshop, subject: Subject, target: Target) -> Bench:
    return workshop.bench(subject, target)
