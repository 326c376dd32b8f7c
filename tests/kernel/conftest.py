# SPDX-License-Identifier: GPL-2.0-or-later
"""Kernel images, fetched and instrumented once, and one guest for all tests that leave it alive."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from perfmon.kernel.boot import Guest, boot, stop
from perfmon.kernel.images import kernel_image
from perfmon.kernel.instrument import InstrumentReport, instrument
from perfmon.kernel.kinds import DEFAULT


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--kind", default=DEFAULT, help="of kernel, for all tests that boot one")
    parser.addoption("--switches", type=int, default=20, help="under load, in the tests of them")
    parser.addoption("--cpus", type=int, default=1, help="of the guest for all tests")


@pytest.fixture(scope="session")
def stock_kernel(request: pytest.FixtureRequest) -> Path:
    return kernel_image(request.config.getoption("--kind", DEFAULT))


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
def guest(
    request: pytest.FixtureRequest, report: InstrumentReport, guests_of_this_session: Path
) -> Iterator[Guest]:
    del guests_of_this_session
    guest = boot(report.output, "tests", cpus=request.config.getoption("--cpus", 1))
    yield guest
    stop(guest.name)


@pytest.fixture(scope="session")
def guest_address(guest: Guest) -> str:
    return guest.address
