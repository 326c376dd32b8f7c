# SPDX-License-Identifier: GPL-2.0-or-later
"""Print the requirements of this project's extras, one a line, for pip.

``pip install .[dev]`` would build the project as well; the Makefile installs
what it needs once and builds whenever a source changes.
"""

import sys
import tomllib
from pathlib import Path


def requirements(extras: list[str]) -> list[str]:
    """Return the build, run-time and ``extras`` requirements of pyproject.toml.

    Raises:
        KeyError: an extra that the project does not have.
    """
    project = tomllib.loads(Path("pyproject.toml").read_text())
    optional = project["project"]["optional-dependencies"]
    found = [*project["build-system"]["requires"], *project["project"]["dependencies"]]
    for extra in extras:
        for requirement in optional[extra]:
            name, bracket, inner = requirement.partition("[")
            if name == "perfmon" and bracket:
                found += requirements(inner.rstrip("]").split(","))
            else:
                found.append(requirement)
    return list(dict.fromkeys(found))


if __name__ == "__main__":
    sys.stdout.write("".join(f"{line}\n" for line in requirements(sys.argv[1:])))
