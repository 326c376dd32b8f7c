# SPDX-License-Identifier: GPL-2.0-or-later
"""Events by number and by name."""

import pytest

from perfmon.errors import UnknownEventError
from perfmon.events import BUILTIN_NAMES, Event, event_id, event_name, events_in


@pytest.mark.parametrize("given", [2, "2", "VM_ALLOC", "vm_alloc", "Vm-Alloc", Event.VM_ALLOC])
def test_an_event_may_be_given_by_number_or_by_name_in_any_case(given):
    assert event_id(given) == 2


def test_names_registered_with_a_host_are_found_too():
    names = {**BUILTIN_NAMES, 17: "disk_read"}
    assert event_id("DISK_READ", names) == 17
    assert event_name(17, names) == "disk_read"
    assert event_name(18, names) == "EVENT_18"


@pytest.mark.parametrize(
    ("given", "meant"), [("vm_a", 2), ("page", 11), ("ipc-r", 1), ("p", None), ("vm", None)]
)
def test_the_beginning_of_a_name_does_where_no_other_begins_so(given, meant):
    if meant is not None:
        assert event_id(given) == meant
        with pytest.raises(UnknownEventError):
            event_id(given, whole=True)
    else:
        with pytest.raises(UnknownEventError, match=r"ambiguous event '\w+': \w+ or \w+\?"):
            event_id(given)


def test_a_whole_name_wins_over_the_beginning_of_another():
    names = {**BUILTIN_NAMES, 17: "SYS"}
    assert event_id("sys", names) == 17


@pytest.mark.parametrize("given", ["VM_ALOC", "", "-1", -1, 64, "64", "٣"])
def test_an_unknown_event_lists_those_there_are(given):
    with pytest.raises(UnknownEventError) as caught:
        event_id(given)
    assert f"unknown event {given!r}" in str(caught.value)
    assert "0 IPC_SEND, 1 IPC_RECEIVE" in str(caught.value)


def test_the_events_of_a_mask_come_in_ascending_order():
    assert list(events_in(1 << 63 | 1 << 12 | 1)) == [0, 12, 63]


def test_every_event_says_what_its_data_words_hold():
    assert all(len(event.data_meanings) == 2 for event in Event)
