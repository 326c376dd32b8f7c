# SPDX-License-Identifier: GPL-2.0-or-later
"""The transport itself: sharing, closing, memory."""

import gc
import os
import resource
import threading
import time

import pytest

import perfmon
from mig.rpc.errors import ConnectError, PeerDied
from perfmon.embedded import EmbeddedTransport


def test_every_connection_reaches_the_same_host(host):
    with perfmon.connect("embedded:") as other:
        host.set_thresholds(latency_us=4321)
        assert other.configuration().latency_us == 4321
    host.set_thresholds(latency_us=1000)


def test_a_closed_connection_says_so_and_others_go_on(host):
    other = perfmon.connect("embedded:")
    other.close()
    other.close()
    with pytest.raises(PeerDied, match="embedded:"):
        other.interface()
    assert host.interface().cpus == 8


def test_the_clock_is_close_to_a_second_of_linux(host):
    start, ticks = time.monotonic_ns(), host.rpc.perf_get_info(2)[1]
    time.sleep(0.05)
    took, ticked = time.monotonic_ns() - start, host.rpc.perf_get_info(2)[1] - ticks
    frequency = host.rpc.perf_get_info(2)[0]
    assert ticked / frequency * 1e9 == pytest.approx(took, rel=0.02, abs=500_000)


def test_threads_that_share_a_transport_get_their_own_replies(host):
    wrong = []

    def ask(cpu):
        for _ in range(300):
            found = host.cpu(cpu).cpu
            if found != cpu:
                wrong.append((cpu, found))
            sizes = len(host.rpc.perf_get_names(0)), len(host.rpc.perf_get_info(cpu % 3))
            if sizes != (13, (8, 10, 5)[cpu % 3]):
                wrong.append((cpu, sizes))

    threads = [threading.Thread(target=ask, args=(cpu,)) for cpu in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_out_of_line_samples_outlive_the_call_and_the_connection():
    with perfmon.connect("embedded:") as host:
        host.disable()
        host.configure(sample_rate=0, buffer_size=8192)
        host.enable()
        host.workload.workload_memory(10, 3)
        host.disable()
        cpu = max(range(8), key=lambda cpu: host.cpu(cpu).readable)
        first = host.rpc.perf_read_samples(cpu, 0, 8192).samples
        again = [host.rpc.perf_read_samples(cpu, 0, 8192).samples for _ in range(20)]
    kept = list(first)
    del again
    gc.collect()
    assert list(first) == kept
    assert len(kept) >= 50


def test_reading_does_not_keep_memory(host):
    host.enable()
    host.workload.workload_memory(100, 30)
    host.disable()
    cpu = max(range(8), key=lambda cpu: host.cpu(cpu).readable)
    for _ in range(50):
        host.rpc.perf_read_samples(cpu, 0, 32768)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(2000):
        host.rpc.perf_read_samples(cpu, 0, 32768)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 8 * 1024


def test_a_forked_process_is_told_that_the_host_stayed_behind(host):
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            EmbeddedTransport()
        except ConnectError as error:
            os.write(write, str(error).encode())
        os._exit(0)
    os.close(write)
    os.waitpid(child, 0)
    with os.fdopen(read) as pipe:
        assert "stayed in the process that forked" in pipe.read()


def test_a_reader_finds_itself_among_the_names_and_can_leave_itself_out(host):
    host.enable()
    tasks = host.names(1)
    assert len(tasks) == 1
    host.exclude_task(tasks[0].id)
    before = host.rpc.perf_get_system_stats().events
    host.workload.workload_messages(5)
    assert host.rpc.perf_get_system_stats().events == before
    host.disable()
