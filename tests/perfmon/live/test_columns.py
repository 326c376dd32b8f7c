# SPDX-License-Identifier: GPL-2.0-or-later
"""What fits where, and in which order."""

import pytest

from perfmon.live.columns import (
    ERRORS,
    EVENT,
    GAP,
    HISTORY,
    P99,
    RATE,
    Look,
    cpu_rows,
    fitting,
    matching,
    ordered,
    task_rows,
)
from tests.perfmon.live.readings import NAMES, reading


@pytest.mark.parametrize("width", [30, 39, 80, 120, 200])
def test_no_table_is_wider_than_its_room(width):
    figures = reading()
    columns = fitting(width)
    assert columns[0][0] is EVENT
    assert sum(size + GAP for _, size in columns) <= width
    for column, size in columns:
        assert {len(column.cell(event, size, 0).text) for event in figures.events} == {size}
    for rows in (task_rows(figures.tasks, width), cpu_rows(figures.cpus, width)):
        assert {sum(len(cell.text) + GAP for cell in row) for row in rows} == {
            sum(len(cell.text) + GAP for cell in rows[0])
        }


def test_at_80_columns_there_are_rates_history_and_all_latencies():
    titles = [column.title for column, _ in fitting(80)]
    assert titles == ["EVENT", "PER SEC", "HISTORY", "MEAN", "P50", "P90", "P99", "MAX"]


def test_room_that_is_left_over_goes_to_the_history():
    assert {column.title: width for column, width in fitting(83)}["HISTORY"] > HISTORY.width


def test_events_sort_by_figures_downwards_and_by_name_in_the_order_of_ids():
    events = reading().events
    assert [e.name for e in ordered(events, EVENT)] == list(NAMES)
    assert [e.rate for e in ordered(events, RATE)] == [300, 40, 10, 0]
    assert [e.rate for e in ordered(events, RATE, reverse=True)] == [0, 10, 40, 300]
    assert [e.event for e in ordered(events, P99)] == [3, 0, 1, 2]


def test_a_filter_is_a_part_of_a_name_in_any_case():
    figures = reading()
    assert [e.name for e in matching(figures.events, "vm_")] == ["VM_ALLOC", "VM_FREE"]
    shown = [row[1].text.strip() for row in task_rows(figures.tasks, 80, "EXT")]
    assert shown == ["NAME", "ext2fs"]


def test_errors_slow_events_and_refused_samples_stand_out():
    figures = reading()
    looks = [ERRORS.cell(event, 6, 0).look for event in figures.events]
    assert looks == [Look.IDLE, Look.BAD, Look.IDLE, Look.IDLE]
    looks = [P99.cell(event, 7, 1_000_000).look for event in figures.events]
    assert looks == [Look.PLAIN, Look.PLAIN, Look.IDLE, Look.SLOW]
    assert cpu_rows(figures.cpus, 80)[1][-1].look is Look.BAD


def test_cpus_that_saw_nothing_are_left_out():
    assert [row[0].text.strip() for row in cpu_rows(reading().cpus, 80)] == ["CPU", "0"]
