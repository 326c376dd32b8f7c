# SPDX-License-Identifier: GPL-2.0-or-later
"""What a Host makes of a host's answers, and of answers that should not come."""

import pytest

from mig.rpc.delivery import deliver
from mig.rpc.message import Message
from mig.rpc.port import Port
from perfmon import Alerts, Flag, Host, connect, errors
from perfmon._generated.perf_alert import x86_64
from perfmon._generated.perf_monitor import PerfEventStats, PerfName, PerfRegression, PerfSample
from perfmon.interface import HistogramKind, NameKind, Option
from perfmon.statistics import Bucket
from tests.perfmon.scripted import ScriptedTransport


def scripted(**answers) -> Host:
    transport = ScriptedTransport(answers)
    return connect(Port.offered(transport, "host-priv"))


def refuse(error: type[errors.KernReturnError]):
    def answer(*_):
        raise error

    return answer


# Connecting.


def use_transport(monkeypatch, transport):
    monkeypatch.setattr("perfmon.host.open_transport", lambda address: transport)


def test_the_privileged_port_is_used_where_it_is_on_offer(monkeypatch):
    use_transport(monkeypatch, ScriptedTransport({}, {"host": 1, "host-priv": 2}))
    with connect("embedded:") as host:
        assert (host.rpc.port.name, host.privileged) == (2, True)
    with connect("embedded:", privileged=False) as host:
        assert (host.rpc.port.name, host.privileged) == (1, False)


def test_without_a_privileged_port_the_host_refuses_and_the_hint_says_what_to_do(monkeypatch):
    answers = {"perf_monitor_enable": refuse(errors.KernInvalidHost)}
    use_transport(monkeypatch, ScriptedTransport(answers, {"host": 1}))
    with connect("embedded:") as host:
        assert not host.privileged
        with pytest.raises(errors.KernInvalidHost, match="as root"):
            host.enable()


def test_a_host_without_host_port_is_closed_again(monkeypatch):
    transport = ScriptedTransport({}, {"workload": 3})
    use_transport(monkeypatch, transport)
    with pytest.raises(
        errors.ConnectError, match=r'no port "host" on offer \(there is: workload\)'
    ):
        connect("embedded:")
    assert transport.closed


def test_leaving_the_context_closes_the_transport():
    with scripted() as host:
        pass
    assert host.transport.closed


def test_a_bare_port_name_needs_a_system_with_mach():
    with pytest.raises(errors.ConnectError, match="mach: expected a system whose libc has"):
        connect(35)


def test_a_port_that_is_not_on_offer_is_named_with_those_that_are():
    with pytest.raises(errors.ConnectError, match='no port "workload" on offer'):
        _ = scripted().workload


# Answers.


def test_statistics_come_typed_and_named():
    wire = PerfEventStats(*range(10, 20))
    stats = scripted(perf_get_event_stats=lambda event: (wire._replace(count=event),)).stats("2")
    assert (stats.event, stats.name, stats.count) == (2, "VM_ALLOC", 2)
    assert (stats.total_ns, stats.wait_total_ns, stats.min_ns, stats.max_ns) == (14, 15, 16, 17)
    assert (stats.mean_ns, stats.last_ns) == (18, 19)


def test_an_event_registered_with_the_host_is_known_by_its_name():
    host = scripted(
        perf_get_names=lambda kind: ([PerfName(17, 0, b"disk_read".ljust(56, b"\0"))],),
        perf_get_event_stats=lambda event: (PerfEventStats(*[event] * 10),),
    )
    assert host.stats("Disk_Read").count == 17
    assert host.stats(17).name == "disk_read"
    assert host.transport.called.count("perf_get_names") == 1


def test_without_privilege_a_registered_event_goes_by_its_number(monkeypatch):
    answers = {
        "perf_get_names": refuse(errors.KernInvalidHost),
        "perf_get_event_stats": lambda event: (PerfEventStats(*[event] * 10),),
    }
    use_transport(monkeypatch, ScriptedTransport(answers, {"host": 1}))
    with connect("embedded:") as host:
        assert host.stats(17).name == "EVENT_17"
        with pytest.raises(errors.UnknownEventError):
            host.stats("disk_read")


def test_names_are_not_asked_for_when_perfmon_knows_the_event():
    host = scripted(perf_get_event_stats=lambda event: (PerfEventStats(*[0] * 10),))
    host.stats("VM_ALLOC")
    assert host.transport.called == ["perf_get_event_stats"]


def test_a_histogram_keeps_its_open_bucket():
    def answer(event, selector):
        assert (event, selector) == (11, HistogramKind.WAIT)
        return ([(0, 16, 3), (1024, 2**64 - 1, 1)],)

    histogram = scripted(perf_get_histogram=answer).histogram("PAGE_FAULT", HistogramKind.WAIT)
    assert histogram.buckets == (Bucket(0, 16, 3), Bucket(1024, None, 1))


def test_samples_come_with_their_cursor_and_loss():
    sample = PerfSample(7, 2, 1, 3, 9, 4, 5, 6, 8)

    def answer(cpu, cursor, most):
        assert (cpu, cursor, most) == (1, 100, 5)
        return [sample, sample], 107, 5

    batch = scripted(perf_read_samples=answer).read_samples(1, 100, 5)
    assert (batch.cpu, batch.cursor, batch.next, batch.lost) == (1, 100, 107, 5)
    assert [tuple(entry) for entry in batch] == [tuple(sample)] * 2
    assert batch[0].flag_set == Flag.ERROR | Flag.WAITED


def test_a_regression_is_in_percent():
    report = PerfRegression(-1234, 100, 2000, 200, 1753)
    found = scripted(perf_get_regression=lambda event: (report,)).regression("VM_ALLOC")
    assert found.change_percent == -12.34
    assert (found.baseline_mean_ns, found.current_count) == (2000, 200)


def test_names_end_at_their_first_null():
    raw = b"ext2fs\0garbage".ljust(56, b"x")
    host = scripted(perf_get_names=lambda kind: ([PerfName(3, 1, raw)],))
    assert host.names(NameKind.TASKS) == [(3, 1, "ext2fs")]


def test_an_event_mask_has_a_bit_for_each_event():
    sent = []
    host = scripted(perf_set_options=lambda selector, value: sent.append((selector, value)) or ())
    host.set_events(["IPC_SEND", 11])
    assert sent == [(Option.EVENT_MASK, 1 << 11 | 1)]


def test_what_is_not_given_to_configure_stays_as_it_is():
    sent = []
    host = scripted(
        perf_get_info=lambda selector, most: ([1000, 8192, 0xFFF, 0, 0, 20, 1, 2, 3, 4],),
        perf_monitor_configure=lambda *values: sent.append(values) or (),
        perf_set_thresholds=lambda *values: sent.append(values) or (),
    )
    host.configure(sample_rate=2000)
    host.configure(buffer_size=1024)
    host.set_thresholds(throughput=0)
    assert sent == [(2000, 8192), (1000, 1024), (1, 0, 3)]


def test_a_newer_host_may_say_more_than_this_library_knows():
    host = scripted(perf_get_info=lambda selector, most: ([1, 32, 64, 15, 7, 3, 2, 1, 99, 99],))
    assert (host.interface().cpus, host.interface().enabled) == (2, True)


# Wrong answers and refusals.


@pytest.mark.parametrize(
    ("call", "words"),
    [
        ("interface", [1] * 7),
        ("configuration", [1] * 9),
        ("configuration", [1, 1, 1, 9, 1, 1, 1, 1, 1, 1]),
        ("clock", [1] * 4),
        ("clock", [0, 1, 1, 1, 1]),
    ],
)
def test_information_that_makes_no_sense_is_a_protocol_error(call, words):
    host = scripted(perf_get_info=lambda selector, most: (words,))
    with pytest.raises(errors.ProtocolError, match="scripted: perf_get_info: selector"):
        getattr(host, call)()


def test_a_kernel_without_the_monitor_is_told_apart():
    with pytest.raises(
        errors.MigBadId, match="no performance monitor: `perfmon kernel instrument`"
    ):
        scripted().enable()


def test_a_routine_that_the_host_does_not_have_yet_is_told_apart():
    host = scripted(perf_set_baseline=refuse(errors.KernNotSupported))
    with pytest.raises(errors.KernNotSupported, match="does not implement it"):
        host.set_baseline()


@pytest.mark.parametrize(
    ("error", "hint"),
    [
        (errors.ConnectError("refused"), "perfmon kernel boot g"),
        (errors.PeerDied("gone"), "perfmon kernel boot g"),
        (errors.CallTimeout("no reply"), "perfmon kernel stop g"),
    ],
)
def test_an_error_of_a_guest_says_what_to_do_next(error, hint):
    error.address = "qemu:g"
    errors.advise(error)
    assert hint in str(error)


def test_a_hint_that_is_there_already_is_kept():
    error = errors.MigBadId(hint="mine")
    errors.advise(error)
    assert error.hint == "mine"


def test_an_alert_of_a_kind_that_there_is_not_is_named() -> None:
    class Alerting(ScriptedTransport):
        def allocate_port(self) -> int:
            return 7

        def receive(self, port: int, timeout: float | None = None) -> Message:
            return deliver(self.abi, x86_64.encode_perf_alert_request(port, 0, 9, 2, 1, 1, 1))

    with (
        Alerts(Alerting({}), lambda _: None, str) as alerts,
        pytest.raises(errors.ProtocolError, match="alert of a kind up to 3, found 9"),
    ):
        next(alerts)


@pytest.mark.parametrize("interval", [0, -1, float("nan")])
def test_an_interval_of_no_time_is_refused(interval: float):
    with connect("embedded:") as host, pytest.raises(ValueError, match="more than 0 s, found"):
        next(host.watch(interval))


@pytest.mark.parametrize("address", [b"embedded:", 1.5])
def test_what_is_no_address_is_named(address: object):
    with pytest.raises(TypeError, match=r"expected an address or a port right, found (b'|1\.5)"):
        connect(address)  # type: ignore[arg-type]
