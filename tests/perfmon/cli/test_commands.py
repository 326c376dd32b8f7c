# SPDX-License-Identifier: GPL-2.0-or-later
"""The command line on the embedded host: what it prints where, and how it ends."""

import argparse
import json
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import perfmon
from perfmon import Host
from perfmon.cli import COMMANDS, build_parser, load_command, main, monitor
from perfmon.interface import RATE_EVERY_EVENT

TITLES = ["ID", "EVENT", "COUNT", "ERRORS", "WAITED", "MEAN", "P99", "MAX", "TOTAL"]
PERFMON = [sys.executable, "-m", "perfmon"]


@pytest.fixture
def host() -> Iterator[Host]:
    """The host that the commands meet too, since it lives in this process."""
    with perfmon.connect("embedded:") as host:
        host.disable()
        host.configure(sample_rate=1000, buffer_size=8192)
        host.set_events(range(12))
        host.set_thresholds(latency_us=1000, throughput=1000, error_rate=5)
        host.reset()
        host.enable()
        yield host
        host.disable()


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]):
    def run(*arguments: str) -> tuple[int, str, str]:
        try:
            status = main(["-H", "embedded:", *arguments])
        except SystemExit as exit_:
            status = exit_.code
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return run


def good(result: tuple[int, str, str]) -> str:
    status, out, err = result
    assert status == 0, err
    return out


# The specification's command lines, as written there.


def test_enable_and_disable_say_nothing_when_all_is_well(host, run):
    assert run("disable") == (0, "", "")
    assert not host.interface().enabled
    assert run("enable") == (0, "", "")
    assert host.interface().enabled


def test_configure_pauses_a_host_that_monitors_and_says_so(host, run):
    status, out, err = run("configure", "-r", "2000", "-b", "8192")
    assert (status, out) == (0, "")
    assert "paused and resumed" in err
    assert host.configuration().sample_rate == 2000
    assert host.interface().enabled


def test_configure_refused_leaves_the_host_monitoring(host, run):
    before = host.configuration()
    status, out, err = run("configure", "-r", "50")
    assert (status, out) == (2, "")
    assert "KERN_INVALID_ARGUMENT (4) from perf_monitor_configure on embedded:" in err
    assert host.configuration() == before
    assert host.interface().enabled


def test_configure_refused_changes_nothing_at_all(host, run):
    before = host.configuration()
    assert run("configure", "--events", "2", "--mode", "stop", "-r", "50")[0] == 2
    assert host.configuration() == before


def test_configure_with_an_unknown_event_does_not_pause_the_host(host, run):
    status, _, err = run("configure", "--events", "VM_ALLOC,DISK")
    assert status == 2
    assert err.startswith("perfmon: unknown event 'DISK'")


def test_configure_sets_events_and_mode(host, run):
    good(run("configure", "--events", "vm_alloc,3", "--mode", "stop"))
    assert host.configuration().event_mask == 0b1100
    assert host.configuration().mode is perfmon.Mode.STOP
    good(run("configure", "--mode", "overwrite"))


def test_stats_of_one_event_by_number(host, run):
    host.workload.workload_memory(100, 1)
    host.disable()
    out = good(run("stats", "2"))
    assert out.startswith("2 VM_ALLOC on embedded:\n")
    assert re.search(r"count +1\d\d\n", out)
    assert re.search(r"p50 .*, p90 .*, p99 .*, p99.9 ", out)
    assert "████" in out


def test_stats_of_all_events_is_an_aligned_table_with_the_loss_below(host, run):
    host.workload.workload_memory(100, 1)
    host.disable()
    lines = good(run("stats")).splitlines()
    assert lines[0].startswith("embedded:  monitoring is off")
    assert lines[1].split() == TITLES
    interface = host.interface()
    names = {event.name: bool(interface.hooked >> event & 1) for event in perfmon.Event}
    events = lines[2 : lines.index("")]
    assert [line.split()[1] for line in events] == [name for name in names if names[name]]
    assert len({len(line) for line in lines[1 : lines.index("")]}) == 1
    assert re.match(r"samples: .* of .* events; rate-limited .*, refused 0, over", lines[-2])
    unrecorded = ", ".join(name for name in names if not names[name])
    assert lines[-1] == f"not recorded by this host: {unrecorded}"


def test_the_regression_workflow_ends_with_status_1_when_the_workload_is_slower(host, run):
    host.workload.workload_memory(100, 1)
    good(run("baseline"))
    host.workload.workload_memory(100, 500)
    host.disable()
    status, out, _ = run("check-regression", "-e", "3", "-t", "20")
    assert status == 1
    assert re.fullmatch(r"VM_FREE: mean .* baseline .*: \+.* %, a regression beyond 20 %\n", out)
    assert run("check-regression", "-e", "VM_FREE", "-t", "20", "--json")[0] == 1
    out = good(run("check-regression", "-e", "VM_FREE", "-t", "100000000"))
    assert out.endswith("within 100000000 %\n")


def test_without_a_baseline_there_is_no_verdict_but_a_hint(host, run):
    status, out, err = run("check-regression", "-e", "2", "-t", "20")
    assert (status, out) == (2, "")
    assert "set a baseline first" in err


def test_monitor_prints_as_many_tables_as_asked_for(host, run):
    out = good(run("monitor", "-i", "0.05", "-n", "2"))
    assert out.count("PER SECOND") == 2
    assert "\x1b" not in out
    assert out.count("samples: written ") == 2


def test_monitor_without_its_view_prints_tables_and_reaches_each_host_once(
    host, run, monkeypatch: pytest.MonkeyPatch
):
    reached = []

    def connect_to(where, args):
        reached.append(str(where))
        return perfmon.connect(where)

    def leave(seconds):
        raise KeyboardInterrupt

    monkeypatch.setitem(sys.modules, "textual", None)
    monkeypatch.setattr(monitor, "_on_a_terminal", lambda: True)
    monkeypatch.setattr(monitor, "connect_to", connect_to)
    monkeypatch.setattr(monitor.time, "sleep", leave)
    status, _, err = run("monitor")
    assert (status, reached) == (0, ["embedded:"])
    assert "perfmon[live]" in err


def test_monitor_shows_several_hosts_one_after_another(host, run):
    out = good(run("monitor", "-i", "0.05", "-n", "1", "embedded:", "embedded:"))
    assert out.count("PER SECOND") == 2
    lines = good(run("-H", "embedded:", "monitor", "-i", "0.05", "-n", "2", "--json")).splitlines()
    assert [json.loads(line)["host"] for line in lines] == ["embedded:"] * 4


def test_a_command_for_one_host_refuses_two(run):
    status, out, err = run("-H", "embedded:", "stats")
    assert (status, out) == (2, "")
    assert "expected one host, found 2" in err


def test_the_self_test_passes_and_leaves_the_host_as_it_was(host, run):
    host.disable()
    out = good(run("test"))
    assert [line.split(":")[0].split()[0] for line in out.splitlines()] == ["ok"] * 9
    assert not host.interface().enabled


def test_a_failed_check_ends_with_status_1(host, run, monkeypatch):
    monkeypatch.setattr("perfmon.cli.selftest.INTERFACE_VERSION", 2)
    status, out, _ = run("test")
    assert status == 1
    assert out.startswith("FAILED  interface: version 1\nok")


# The other commands.


def test_info_shows_configuration_clock_and_every_cpu(host, run):
    out = good(run("info"))
    assert "embedded:, privileged port" in out
    assert "host, host-priv, workload" in out
    assert "1,000 samples/s per CPU" in out
    assert len(out.split("READABLE\n")[1].splitlines()) == host.interface().cpus


def test_thresholds_are_shown_and_set_one_by_one(host, run):
    assert "latency     1000 us" in good(run("thresholds"))
    assert "throughput  off" in good(run("thresholds", "--throughput", "0"))
    assert (host.configuration().latency_us, host.configuration().throughput) == (1000, 0)


def test_a_rate_of_failures_that_nothing_exceeds_is_refused(host, run):
    status, _, err = run("thresholds", "--error-rate", "100")
    assert status == 2
    assert "100 is not in 0-99: no more than all can fail" in err
    assert host.configuration().error_rate == 5


def test_samples_are_shown_newest_last_with_named_data(host, run):
    host.disable()
    host.configure(sample_rate=RATE_EVERY_EVENT)
    host.enable()
    host.workload.workload_memory(30, 1)
    host.disable()
    lines = good(run("samples", "-n", "10", "-e", "VM_ALLOC")).splitlines()
    assert len(lines) == 10
    assert all(re.search(r"cpu\d+ +VM_ALLOC .* address 0x\w+, size \d+", line) for line in lines)
    assert len({line.split()[1] for line in good(run("samples", "-n", "60")).splitlines()}) > 1
    lines = good(run("samples", "-n", "7")).splitlines()
    times = [float(line.split()[0]) for line in lines]
    assert len(times) == 7
    assert times == sorted(times)


def test_where_there_are_no_samples_it_says_so(host, run):
    host.disable()
    host.reset()
    status, out, err = run("samples")
    assert (status, out) == (0, "")
    assert err == (
        "perfmon: embedded: holds no such samples: `perfmon enable` begins to take them\n"
    )


def test_samples_as_json_are_those_the_library_reads(host, run):
    host.workload.workload_memory(30, 1)
    host.disable()
    shown = [json.loads(line) for line in good(run("samples", "--json")).splitlines()]
    every = [sample for batch in host.samples() for sample in batch]
    newest = sorted(every, key=lambda sample: sample.timestamp)[-20:]
    assert shown == [sample._asdict() for sample in newest]


def test_record_writes_a_trace_and_accounts_for_what_is_missing(host, run, tmp_path):
    host.workload.workload_memory(3000, 1)
    host.disable()
    result = json.loads(
        good(run("record", "-o", str(tmp_path / "t"), "-d", "0.01", "--include-past", "--json"))
    )
    recorded = {cpu["cpu"]: cpu["recorded"] for cpu in result["cpus"]}
    assert recorded == {cpu.cpu: cpu.readable for cpu in host.cpus()}
    assert (tmp_path / "t" / "metadata").read_text().startswith("/* CTF 1.8 */")


def test_a_workload_says_what_it_did(host, run):
    assert re.match(r"memory: 10 done in .*, .* each\n", good(run("workload", "memory", "10")))
    assert good(run("workload", "sleep", "1")).startswith("sleep: 1 done")


def test_a_workload_that_was_not_done_whole_is_status_1(host, run, monkeypatch):
    monkeypatch.setattr("perfmon.cli.workload.KINDS", {"memory": lambda server, times, pages: 7})
    status, out, err = run("workload", "memory", "10")
    assert status == 1
    assert out.startswith("memory: 7 done")
    assert "memory: 7 of 10 done" in err


def test_the_demo_shows_figures_that_move(host, run):
    host.disable()
    out = good(run("demo"))
    assert out.count("ID  EVENT") == 2
    counts = re.findall(r"^ *2  VM_ALLOC +([\d,]+)(?: +\+([\d,]+))?", out, re.M)
    first, (second, added) = int(counts[0][0].replace(",", "")), counts[1]
    assert int(second.replace(",", "")) == first + int(added.replace(",", ""))
    assert int(added.replace(",", "")) >= 500
    assert not host.interface().enabled


@pytest.mark.parametrize(
    "command",
    [
        ["stats"],
        ["stats", "VM_ALLOC"],
        ["info"],
        ["monitor", "-i", "0.01", "-n", "1"],
        ["thresholds"],
        ["samples", "-n", "1"],
        ["workload", "memory", "1"],
        ["test"],
    ],
    ids=" ".join,
)
def test_every_command_with_figures_prints_them_as_json(host, run, command):
    host.workload.workload_memory(10, 1)
    for line in good(run(*command, "--json")).splitlines():
        assert isinstance(json.loads(line), dict)


# Mistakes.


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["stats", "VM_ALOC"], "unknown event 'VM_ALOC'"),
        (["stats", "-H", "http:x"], "expected one of embedded:"),
        (["monitor", "http:x"], "expected one of embedded:"),
        (["monitor", "-i", "0"], "no number of seconds above 0"),
        (["monitor", "-i", "nan"], "no number of seconds above 0"),
        (["workload", "memory", "0"], "no count of 1"),
        (["workload", "fly", "1"], "invalid choice: 'fly'"),
        (["configure", "-r", "-1"], "not in 0-4294967295"),
        (["configure", "-r", "fast"], "'fast' is no whole number"),
        (["configure"], "nothing to configure"),
        (["workload", "memory", "many"], "'many' is no whole number"),
        (["--timeout", "soon", "info"], "soon is no number of seconds above 0"),
        (["stats", "63"], "this host has no event of that number"),
        (["record", "-o", "/dev/null/x", "-d", "1"], "Not a directory"),
        ([], "COMMAND"),
    ],
    ids=str,
)
def test_a_users_mistake_is_one_message_and_status_2(run, arguments, message):
    status, out, err = run(*arguments)
    assert (status, out) == (2, "")
    assert message in err
    assert "Traceback" not in err


def test_a_host_that_cannot_be_reached_is_status_3(run):
    status, out, err = run("stats", "-H", "qemu:no-such-guest")
    assert (status, out) == (3, "")
    assert "qemu:no-such-guest" in err
    assert "perfmon kernel boot" in err


def test_a_file_that_is_no_kernel_is_one_line_status_1_and_no_output(run, tmp_path):
    (tmp_path / "kernel").write_bytes(b"no kernel")
    status, out, err = run(
        "kernel", "instrument", str(tmp_path / "kernel"), "-o", str(tmp_path / "out")
    )
    assert (status, out) == (1, "")
    assert err.startswith(f"perfmon: {tmp_path / 'kernel'}: ")
    assert err.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_guests_are_listed_and_an_unknown_one_cannot_be_stopped(run, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    status, out, err = run("kernel", "list")
    assert (status, out) == (0, "")
    assert "perfmon kernel boot NAME" in err
    assert good(run("kernel", "list", "--json")) == "[]\n"
    status, _, err = run("kernel", "stop", "qemu:nobody")
    assert status == 1
    assert "nobody" in err


def test_an_address_is_accepted_behind_the_command_and_from_the_environment(
    run, monkeypatch, capsys
):
    assert run("stats", "-H", "qemu:no-such-guest")[0] == 3
    monkeypatch.setenv("PERFMON_HOST", "qemu:no-such-guest")
    assert main(["stats"]) == 3
    monkeypatch.delenv("PERFMON_HOST")
    capsys.readouterr()
    assert main(["info"]) == 0
    assert "using embedded:" in capsys.readouterr().err


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_an_example(run, command):
    status, out, _ = run(command, "--help")
    assert status == 0
    assert "example: perfmon " in " ".join(out.split())


def below(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    nested = [a for a in parser._actions if isinstance(a, argparse._SubParsersAction)]
    for action in nested:
        for one in action.choices.values():
            yield from below(one)
    if not nested:
        yield parser


def test_every_verb_below_a_command_has_an_example_that_parses():
    parser = build_parser()
    found = list(below(parser))
    assert {one.prog.split()[1] for one in found} == set(COMMANDS)
    for one in found:
        example = re.search(r"^example: perfmon (.*)", one.epilog or "")
        assert example, one.prog
        parser.parse_args(shlex.split(re.split(" && | > ", example[1])[0]))


def test_the_example_of_every_command_is_a_command_line_that_parses(monkeypatch):
    for name in COMMANDS:
        kind = load_command(name)
        assert kind.name == name
        monkeypatch.setattr(kind, "run", lambda self, args: 0)
        assert main(re.split(" && | > ", kind.example)[0].split()) == 0


def test_a_command_loads_no_other_command() -> None:
    script = "import sys; from perfmon.cli import main; main(['-H', 'embedded:', 'stats', '2'])\n"
    script += "print(*(m for m in sys.modules if m.startswith('perfmon.cli.')), file=sys.stderr)"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    loaded = {module.rpartition(".")[2] for module in done.stderr.split()}
    assert loaded == {"command", "figures", "output", "statistics"}


def test_all_commands_are_listed_when_none_is_meant(run) -> None:
    for arguments in ((), ("--help",), ("no-such-command",), ("-H", "stats", "--help")):
        status, out, err = run(*arguments)
        assert status == (0 if "--help" in arguments else 2)
        assert arguments == () or all(name in out + err for name in COMMANDS)


# Pipes and signals, in a process of their own.


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-", "<&-"])
def test_output_that_is_closed_is_no_accident(closed):
    command = f"{shlex.join([*PERFMON, '-H', 'embedded:', 'stats', 'VM_ALOC'])} {closed}"
    for line, status in ((command, 2), (command.replace("VM_ALOC", "VM_ALLOC"), 0)):
        ended = subprocess.run(
            ["sh", "-c", line], check=False, capture_output=True, text=True, timeout=60
        )
        assert ended.returncode == status
        assert status == 0 or ended.stdout == ""
        assert "Traceback" not in ended.stderr


def test_a_reader_that_goes_away_ends_it_quietly():
    command = [*PERFMON, "-H", "embedded:", "monitor", "-i", "0.01"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(timeout=20) == 0


def test_ctrl_c_ends_monitor_in_good_order():
    command = [*PERFMON, "-H", "embedded:", "monitor", "-i", "0.05"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout.readline().startswith(b"embedded:")
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=20)
        assert (process.returncode, err) == (0, b"")


def test_ctrl_c_ends_a_recording_in_good_order(tmp_path: Path):
    command = [*PERFMON, "-H", "embedded:", "record", "-o", str(tmp_path / "trace")]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        deadline = time.monotonic() + 20
        while not (tmp_path / "trace" / "metadata").exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
        assert process.returncode == 0, err
        assert re.match(r"\d+ samples of ", out)
        assert "Traceback" not in err
