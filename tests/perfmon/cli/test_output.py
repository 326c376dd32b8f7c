# SPDX-License-Identifier: GPL-2.0-or-later
"""Figures as text."""

import io
import json
from dataclasses import dataclass

import pytest

from perfmon.cli.output import (
    duration,
    frequency,
    number,
    print_json,
    rate,
    standard_output,
    table,
)
from perfmon.interface import Mode
from perfmon.text import Medium, bar, sparkline


@pytest.mark.parametrize(
    ("ns", "text"),
    [
        (None, "-"),
        (0, "0 ns"),
        (999, "999 ns"),
        (1000, "1.00 us"),
        (9_994, "9.99 us"),
        (9_996, "10.0 us"),
        (99_960, "100 us"),
        (999_499, "999 us"),
        (999_999, "1.00 ms"),
        (999_500_000, "1.00 s"),
        (1_234_567, "1.23 ms"),
        (45_600_000_000, "45.6 s"),
        (7_200_000_000_000, "7,200 s"),
    ],
)
def test_a_duration_has_three_digits_and_its_unit(ns, text):
    assert duration(ns) == text


def test_rates_and_frequencies_are_readable():
    assert rate(123456, 0.5) == "246,912"
    assert rate(1, 3) == "0.333"
    assert rate(0, 3) == "0"
    assert rate(5, 0) == "0"
    assert frequency(2_895_000_000) == "2.90 GHz"
    assert frequency(999_999_999) == "1.00 GHz"
    assert number(1234567) == "1,234,567"


def test_columns_are_aligned_as_their_titles_say():
    text = table(["ID", "<EVENT", "COUNT"], [["2", "VM_ALLOC", "1,000"], ["11", "X", "3"]])
    assert text.splitlines() == [
        "ID  EVENT     COUNT",
        " 2  VM_ALLOC  1,000",
        "11  X             3",
    ]


def test_json_is_one_line_with_numbers_for_enumerations(capsys):
    @dataclass(frozen=True)
    class Value:
        mode: Mode
        size: int

    print_json({"value": Value(Mode.STOP, 2**63)})
    out = capsys.readouterr().out
    assert out.count("\n") == 1
    assert json.loads(out) == {"value": {"mode": 1, "size": 2**63}}


def test_a_sparkline_shows_the_newest_values_and_everything_that_happened():
    assert sparkline([5, 0, 1, 50, 100], 4) == " ▁▄█"
    assert sparkline([100], 3) == "  █"
    assert sparkline([0, 0], 4) == "    "
    assert sparkline([50], 1, most=100) == "▄"
    assert sparkline([1, 2], 0) == ""


def test_a_bar_is_in_proportion_to_an_eighth_of_a_character():
    assert bar(100, 100, 10) == "█" * 10
    assert bar(50, 100, 5) == "██▌"
    assert bar(1, 10**9, 10) == "▏"
    assert bar(0, 100, 10) == bar(0, 0, 10) == ""


def test_columns_go_one_by_one_where_room_is_short():
    titles, row = ["ID", "<EVENT", "COUNT"], [["2", "VM_ALLOC", "1,000"]]
    for width, shown in ((19, "ID EVENT COUNT"), (18, "EVENT COUNT"), (14, "EVENT"), (1, "EVENT")):
        text = table(titles, row, Medium(width), expendable=("ID", "COUNT"))
        assert text.splitlines()[0].split() == shown.split()


def test_figures_that_alarm_are_red_where_colours_are_understood():
    rows = [["IPC_SEND", "0"], ["VM_ALLOC", "7"]]
    text = table(["<EVENT", "ERRORS"], rows, Medium(colour=True), alarming=("ERRORS",))
    assert text.count("\x1b[31m") == 1
    assert "\x1b[31m     7\x1b[0m" in text
    assert "\x1b" not in table(["<EVENT", "ERRORS"], rows, alarming=("ERRORS",))


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("environment", "colour"),
    [({}, True), ({"NO_COLOR": "1"}, False), ({"NO_COLOR": ""}, True), ({"TERM": "dumb"}, False)],
    ids=str,
)
def test_colours_are_for_terminals_of_users_who_want_them(monkeypatch, environment, colour):
    monkeypatch.delenv("NO_COLOR", raising=False)
    for name, value in {"TERM": "xterm", "COLUMNS": "77", **environment}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("sys.stdout", Terminal())
    assert standard_output() == Medium(77, colour)


def test_a_pipe_gets_everything_and_no_colours(monkeypatch):
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(io.BytesIO(), encoding="latin-1"))
    assert standard_output() == Medium(blocks=False)
