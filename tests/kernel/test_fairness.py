# SPDX-License-Identifier: GPL-2.0-or-later
"""Clients of one guest that call as fast as they can, each in a process of its own."""

import multiprocessing
import time

import pytest

import perfmon

SECONDS = 2.0


def calls_made(address: str, seconds: float) -> int:
    """Call without a pause, and say how often."""
    made = 0
    with perfmon.connect(address) as host:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            host.rpc.perf_get_info(0)
            made += 1
    return made


@pytest.mark.parametrize("clients", [2, 12], ids=["a channel each", "more than channels"])
def test_clients_in_tight_loops_all_get_on(guest_address: str, clients: int):
    with multiprocessing.get_context("spawn").Pool(clients) as pool:
        made = pool.starmap(calls_made, [(guest_address, SECONDS)] * clients, chunksize=1)
    assert sum(made) > 500
    # Twelve processes on two processors, beside others: the schedule of Linux is not even, either.
    assert min(made) > 0.005 * max(made)


def test_a_call_is_answered_while_another_client_has_the_guest_work(guest_address: str):
    with (
        multiprocessing.get_context("spawn").Pool(1) as pool,
        perfmon.connect(guest_address) as host,
    ):
        looping = pool.apply_async(calls_made, (guest_address, SECONDS))
        operations = 0
        while not looping.ready():
            operations += host.workload.workload_memory(2000, 2)
        assert operations > 0
        assert looping.get() > 10
