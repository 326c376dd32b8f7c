# SPDX-License-Identifier: GPL-2.0-or-later
"""Fuzz one target for a while: python -m tests.fuzz.session TARGET [libFuzzer's options].

A process of its own, because atheris leaves by exit and takes its options from argv.
"""

import os
import sys
import tempfile
from pathlib import Path

import atheris

from tests.fuzz.targets import TARGETS, Fuzzer


def _broken(fuzz: Fuzzer) -> Fuzzer:
    """The same with a defect in it, to see that a session notices one."""

    def broken(data: bytes) -> None:
        fuzz(data)
        if len(data) > 100 and data[50] == 0:
            raise AssertionError("broken on purpose")

    return broken


def _escaped(word: bytes) -> str:
    return "".join(f"\\x{byte:02x}" for byte in word)


def main() -> None:
    """Run until an option says to end, or something is found."""
    target = TARGETS[sys.argv[1]]
    # First the seeds: making them may import what is then imported anew, instrumented.
    seeds = target.seeds()
    anew = ("mig.", "perfmon.", *(f"{prefix.rstrip('.')}." for prefix in target.prefixes))
    for name in [name for name in sys.modules if name.startswith(anew)]:
        if name != "perfmon._embedded":
            del sys.modules[name]
    with atheris.instrument_imports(include=[p.rstrip(".") for p in target.prefixes]):
        fuzz = target.load()
    if os.environ.get("PERFMON_FUZZ_BREAK"):
        fuzz = _broken(fuzz)
    with tempfile.TemporaryDirectory(prefix="perfmon-fuzz-") as directory:
        corpus = Path(directory) / "corpus"
        corpus.mkdir()
        for number, seed in enumerate(seeds):
            (corpus / f"seed-{number}").write_bytes(seed)
        dictionary = Path(directory) / "words"
        dictionary.write_text("".join(f'"{_escaped(word)}"\n' for word in target.words))
        words = [f"-dict={dictionary}"] if target.words else []
        arguments = [sys.argv[0], *words, *sys.argv[2:], str(corpus)]
        atheris.Setup(arguments, fuzz)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
