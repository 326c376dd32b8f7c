# SPDX-License-Identifier: GPL-2.0-or-later
"""Kernel images, fetched and instrumented once, and one guest for all tests that leave it alive."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from perfmon.kernel.boot import Guest, boot, stop
from perfmon.kernel.images import default_kernel
from perfmon.kernel.instrument import InstrumentReport, instrument


@pytest.fixture(scope="session")
def stock_kernel() -> Path:
    return default_kernel()


@pytest.fixture(scope="session")
def report(stock_kernel: Path, tmp_path_factory: pytest.TempPathFactory) -> InstrumentReport:
    return instrument(stock_kernel, tmp_path_factory.mktemp("kernel") / "gnumach-perf")


@pytest.fixture(scope="session", autouse=True)
def guests_of_this_session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Guests of the tests live beside those of the user, not among them."""
    with pytest.MonkeyPatch.context() as patch:
        directory = tmp_path_factory.mktemp("run")
        patch.setenv("XDG_RUNTIME_DIR", str(directory))
        yield directory


@pytest.fixture(scope="session")
def guest(report: InstrumentReport, guests_of_this_session: Path) -> Iterator[Guest]:
    del guests_of_this_session
    guest = boot(report.output, "tests")
    yield guest
    stop(guest.name)


@pytest.fixture(scope="session")
def guest_address(guest: Guest) -> str:
    return guest.address
