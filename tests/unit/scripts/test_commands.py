"""The commands' parts that need no running stack."""

import os
import socket
from pathlib import Path

import pytest

from kit.paths import State
from kit.runtimes.native.supervisor import Supervisor
from kit.settings import Settings
from kit.stack import ports
from kit.stack.endpoints import Listen, endpoints
from kit.stack.lock import exclusive
from scripts import silence
from scripts.demo import switched


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "demo:\n  enabled: false\n"),
        ("env: dev", "env: dev\ndemo:\n  enabled: false\n"),
        ("demo:\n  enabled: true  # it\nenv: a\n", "demo:\n  enabled: false  # it\nenv: a\n"),
        ("demo: # mine\n  requests_per_second: 2\n", "demo: # mine\n  enabled: false\n  requests_per_second: 2\n"),
        ("demo: {enabled: true}\n", "demo: {enabled: false}\n"),
        ("demo: {enabled: false}\n", "demo: {enabled: false}\n"),
        ("demo: {requests_per_second: 2}\n", None),
        ("demo: &d {enabled: true}\nx: *d\n", "demo: &d {enabled: false}\nx: *d\n"),
    ],
)
def test_switching_the_demo_changes_its_line_alone(before: str, after: str | None) -> None:
    assert switched(before, on=False) == after


def test_a_taken_port_names_the_process_and_the_setting() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        [taken] = ports.taken([Listen("loki", "127.0.0.1", port)], own_pids=set())
        assert f"process {os.getpid()} (" in str(taken)
        assert "set ports.loki" in str(taken)
        assert ports.taken([Listen("loki", "127.0.0.1", port)], own_pids={os.getpid()}) == []
    assert ports.taken([Listen("loki", "127.0.0.1", port)], own_pids=set()) == []


def test_an_address_of_another_machine_is_told_as_such() -> None:
    [taken] = ports.taken([Listen("loki", "192.0.2.1", 40000)], own_pids=set())
    assert "no network interface has the address 192.0.2.1" in str(taken)


def test_every_port_of_the_settings_belongs_to_one_process() -> None:
    used = [listen.setting for endpoint in endpoints(Settings()) for listen in endpoint.listens]
    assert sorted(used) == sorted(type(Settings().ports).model_fields)


def test_what_a_process_waits_for_comes_before_it() -> None:
    seen: set[str] = set()
    for endpoint in endpoints(Settings()):
        assert set(endpoint.depends_on) <= seen
        seen.add(endpoint.name)


def test_a_second_command_waits_for_the_first(tmp_path: Path) -> None:
    state = State(tmp_path / "state")
    waited: list[int] = []

    def give_up(pid: int) -> None:
        waited.append(pid)
        raise InterruptedError

    with exclusive(state, give_up), pytest.raises(InterruptedError), exclusive(state, give_up):
        pass
    assert waited == [os.getpid()]
    with exclusive(state, give_up):
        pass


def test_a_socket_path_too_long_for_the_kernel_is_replaced_by_a_private_one(tmp_path: Path) -> None:
    assert Supervisor(State(Path("/srv/.signalfire"))).socket == Path("/srv/.signalfire/run/supervisor.sock")
    long = Supervisor(State(tmp_path / ("long" * 30))).socket
    assert len(str(long)) < 100
    assert str(os.geteuid()) in long.parent.name


def test_a_silence_is_for_what_its_words_say() -> None:
    words = 'service="shop api" severity=~"info|warning" env!=prod path!~"/a.*"'
    made = silence.wanted("DiskFull", words, "1h30m", "being enlarged", "ada")
    assert [(one.name, one.value, one.isRegex, one.isEqual) for one in made.matchers] == [
        ("alertname", "DiskFull", False, True),
        ("service", "shop api", False, True),
        ("severity", "info|warning", True, True),
        ("env", "prod", False, False),
        ("path", "/a.*", True, False),
    ]
    assert (made.seconds, made.comment, made.created_by) == (5400, "being enlarged", "ada")


@pytest.mark.parametrize(
    ("where", "length", "why", "problem"),
    [
        ("", "soon", "x", "FOR=soon is not a duration"),
        ("", "1s", "x", "seconds"),
        ("", "60d", "x", "seconds"),
        ("service", "1h", "x", "WHERE=service is no condition"),
        ("1x=2", "1h", "x", "WHERE=1x=2 is no condition"),
        ('service="<service>"', "1h", "x", "put the alert's own service in the place of <service>"),
        ('service="', "1h", "x", "WHERE: "),
        ("", "1h", " ", "comment"),
    ],
)
def test_a_silence_that_cannot_be_meant_says_why(where: str, length: str, why: str, problem: str) -> None:
    with pytest.raises(ValueError) as raised:  # noqa: PT011 -- the message is compared below
        silence.wanted("DiskFull", where, length, why, "ada")
    assert problem in str(raised.value)
