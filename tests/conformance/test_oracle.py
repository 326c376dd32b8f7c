# SPDX-License-Identifier: GPL-2.0-or-later
"""The oracle is the GNU MIG whose bytes are the reference, and no interface is left out."""

import pytest

from tests.conformance.stub_compilers import (
    ORACLE_VERSION,
    WrongOracleError,
    check_oracle_version,
    gnu_mig,
)
from tests.conformance.subjects import MACH
from tests.conformance.targets import TARGETS, Target

each_target = pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.abi)


@each_target
def test_the_oracle_at_hand_is_the_right_version(target: Target) -> None:
    assert gnu_mig(target)


@pytest.mark.parametrize(
    "printed",
    [
        "i686-gnu-mig (GNU MIG) 1.8+git20221219",
        f"i686-gnu-mig {ORACLE_VERSION}",
        f"mig (GNU MIG) {ORACLE_VERSION}.1",
        "",
    ],
)
def test_another_version_of_the_oracle_is_refused(printed: str) -> None:
    with pytest.raises(WrongOracleError, match=r"expected GNU MIG 1\.8\+git20231217"):
        check_oracle_version(printed)


@each_target
def test_every_interface_of_gnumach_dev_is_compared(target: Target) -> None:
    found = {
        path.resolve()
        for path in target.mach_include.rglob("*.defs")
        if "routine" in path.read_text() and not path.stem.endswith("_types")
    }
    assert found == {subject.defs(target).resolve() for subject in MACH}
