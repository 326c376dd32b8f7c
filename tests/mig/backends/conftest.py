# SPDX-License-Identifier: GPL-2.0-or-later
"""Generated Python packages, imported."""

import importlib
import itertools
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

from mig.backends.python_package import generate
from mig.compile import compile_defs, compile_text

HERE = Path(__file__).parent

BuildPackage = Callable[[str], ModuleType]


@pytest.fixture(scope="session")
def build_python_package(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BuildPackage]:
    """Build and import the package of a subsystem, given as preprocessed text."""
    directory = tmp_path_factory.mktemp("python_packages")
    serial = itertools.count()
    sys.path.insert(0, str(directory))

    def build(text: str) -> ModuleType:
        name = f"generated_{next(serial)}"
        package = directory / name
        package.mkdir()
        models = (compile_text(text, abi=abi, file="test.defs") for abi in ("i386", "x86_64"))
        for file, source in generate(*models).items():
            (package / file).write_text(source)
        importlib.invalidate_caches()
        return importlib.import_module(name)

    yield build
    sys.path.remove(str(directory))


@pytest.fixture(scope="session")
def wire_models() -> tuple[object, object]:
    """The models of gnu_mig_wire.defs, i386 and x86_64."""
    defs = HERE / "gnu_mig_wire.defs"
    return compile_defs(defs, abi="i386"), compile_defs(defs, abi="x86_64")


@pytest.fixture(scope="session")
def wire_package(
    tmp_path_factory: pytest.TempPathFactory, wire_models: tuple[object, object]
) -> Iterator[Path]:
    """The package of gnu_mig_wire.defs, importable as ``wire``; its directory."""
    directory = tmp_path_factory.mktemp("wire")
    package = directory / "wire"
    package.mkdir()
    for file, source in generate(*wire_models).items():
        (package / file).write_text(source)
    sys.path.insert(0, str(directory))
    yield package
    sys.path.remove(str(directory))
