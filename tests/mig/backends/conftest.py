# SPDX-License-Identifier: GPL-2.0-or-later
"""Generated Python packages, imported."""

import importlib
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest

from mig.backends.python_package import generate
from mig.compile import Model, compile_defs

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
INCLUDE = (ROOT / "include", ROOT / "include" / "fallback")


@dataclass(frozen=True)
class PythonPackage:
    """A generated package: where it is, what it was made from, and its modules."""

    directory: Path
    models: dict[str, Model]

    @property
    def module(self) -> ModuleType:
        return importlib.import_module(self.directory.name)

    @property
    def server(self) -> ModuleType:
        return importlib.import_module(f"{self.directory.name}.server")

    def codec(self, abi: str) -> ModuleType:
        return importlib.import_module(f"{self.directory.name}.{abi}")


PackageOf = Callable[[str], PythonPackage]


@pytest.fixture(scope="session")
def python_package(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PackageOf]:
    """The package of a .defs file, in this directory or given from the root, generated once."""
    root = tmp_path_factory.mktemp("python_packages")
    built: dict[str, PythonPackage] = {}
    sys.path.insert(0, str(root))

    def package(file: str) -> PythonPackage:
        if file not in built:
            path = ROOT / file if "/" in file else HERE / file
            models = {
                abi: compile_defs(path, abi=abi, include=INCLUDE) for abi in ("i386", "x86_64")
            }
            directory = root / f"generated_{path.stem}"
            directory.mkdir()
            for name, text in generate(models["i386"], models["x86_64"]).items():
                (directory / name).write_text(text)
            importlib.invalidate_caches()
            built[file] = PythonPackage(directory, models)
        return built[file]

    yield package
    sys.path.remove(str(root))
