# SPDX-License-Identifier: GPL-2.0-or-later
"""Kernel images, fetched and instrumented once, and one guest for all tests that leave it alive."""

import importlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mig.compile import write_python
from perfmon.kernel.boot import Guest, boot, stop
from perfmon.kernel.images import kernel_image
from perfmon.kernel.instrument import InstrumentReport, instrument
from perfmon.kernel.kinds import DEFAULT
from perfmon.kernel.machines import I386
from perfmon.kernel.toolchain import mach_headers


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


@pytest.fixture(scope="session")
def mach_client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Any]]:
    """The client class of an interface of Mach's own, by its name; mig makes it."""
    directory = tmp_path_factory.mktemp("clients")
    headers = mach_headers(I386)

    def client(interface: str) -> Any:
        write_python(headers / "mach" / f"{interface}.defs", directory, include=[headers])
        importlib.invalidate_caches()
        name = "".join(part.title() for part in interface.split("_"))
        return getattr(importlib.import_module(interface), name)

    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(directory))
        yield client
