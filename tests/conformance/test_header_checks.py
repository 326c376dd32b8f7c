# SPDX-License-Identifier: GPL-2.0-or-later
"""Every interface held against the C headers that it comes with, on both ABIs."""

import re
import subprocess

import pytest

from mig.checks.c_layout import LayoutError
from mig.checks.c_parse import parse_headers
from mig.checks.c_types import CKind
from mig.checks.headers import check_headers
from mig.checks.units import compile_unit
from mig.frontend.diagnostics import Severity
from mig.frontend.preprocess import Preprocessor
from mig.model.abi import ABIS
from tests.conformance.subjects import MACH, OURS, Subject
from tests.conformance.targets import INCLUDE, Target

INTERFACES = (*OURS, *MACH)


def unit_of(subject: Subject, target: Target, *options: str):
    words = [*options, f"-I{INCLUDE}", f"-I{target.mach_include}"]
    preprocessor = Preprocessor.from_environment(target_flag=target.flag)
    path = str(subject.defs(target))
    return compile_unit(
        preprocessor.run(path, words), target.abi, file=path,
        preprocessor=preprocessor, options=words,
    )  # fmt: skip


@pytest.fixture(params=INTERFACES, ids=str)
def interface(request: pytest.FixtureRequest) -> Subject:
    param: Subject = request.param
    return param


def test_every_type_is_the_c_type_that_it_claims_to_be(interface, target):
    ways = [(), *(("-DKERNEL", f"-D{role}") for role in interface.roles)]
    found = {
        f"{finding.diagnostic.severity.value}: {finding.diagnostic.message}"
        for options in ways
        for finding in check_headers(unit_of(interface, target, *options))
        if finding.diagnostic.severity is not Severity.NOTE
    }
    assert found == set()


def test_every_declaration_of_machs_headers_is_understood(target):
    headers = machs_headers(target)
    assert headers.refused == ()
    assert headers.missing == ()


def test_a_type_that_is_made_wrong_is_found_with_both_places(target, tmp_path):
    """The check sees the real headers: it can fail."""
    path = INCLUDE / "mach" / "perf_monitor.defs"
    text = path.read_text().replace("\tuint64_t timestamp;", "\tuint32_t timestamp;")
    changed = tmp_path / "changed.defs"
    changed.write_text(text)
    findings = check_headers(unit_of(Subject("changed", changed), target))
    line = text[: text.index("type perf_sample_t")].count("\n") + 1
    declared = r"mach/perf_monitor\.h:\d+:3: note: C's 'perf_sample_t' is declared here\n"
    shown = [finding.render() for finding in findings]
    assert any(re.search(declared, text) for text in shown)
    assert any(text.startswith(f"{changed}:{line}:6: error: ") for text in shown)


INCLUDES = (
    "<mach/std_types.h>",
    "<mach/mach_types.h>",
    "<mach/message.h>",
    "<mach/notify.h>",
    "<mach/thread_status.h>",
    "<mach/perf_monitor.h>",
    "<device/device_types.h>",
    "<mach_debug/mach_debug_types.h>",
)


def machs_headers(target: Target):
    preprocessor = Preprocessor.from_environment(target_flag=target.flag)
    options = [f"-I{INCLUDE}", f"-I{target.mach_include}"]
    return parse_headers(INCLUDES, ABIS[target.abi], preprocessor, options)


def test_every_type_of_machs_headers_is_laid_out_as_the_compiler_does(target, tmp_path):
    headers = machs_headers(target)
    ours = {}
    for name in re.findall(r"\b(\w+_t)\s*(?:\[[^;\n]*\])?;", headers.text):
        try:
            kind = headers.layouts.named(name)
        except LayoutError as error:
            pytest.fail(f"{name}: {error}")
        if kind is not None and kind.kind is not CKind.INCOMPLETE:
            ours[name] = f"{kind.size} {kind.alignment}"
    assert len(ours) > 200
    lines = [
        *(f"#include {header}" for header in INCLUDES),
        "int printf(const char *, ...);",
        "int main(void) {",
        *(
            f'\tprintf("{name} %lu %lu\\n", (unsigned long) sizeof({name}),'
            f" (unsigned long) _Alignof({name}));"
            for name in ours
        ),
        "\treturn 0;\n}\n",
    ]
    binary = tmp_path / "sizes"
    subprocess.run(
        [*target.compiler, "-w", "-ffreestanding", f"-I{INCLUDE}", f"-I{target.mach_include}",
         "-x", "c", "-", "-o", binary],
        input="\n".join(lines), text=True, check=True,
    )  # fmt: skip
    output = subprocess.run([binary], capture_output=True, text=True, check=True).stdout
    assert ours == dict(line.split(" ", 1) for line in output.splitlines())
