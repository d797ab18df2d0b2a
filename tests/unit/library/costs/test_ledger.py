"""The cost ledger: whole lines from every process, exact sums, and a reader that nothing can stop."""

import errno
import functools
import json
import multiprocessing
import os
import random
import resource
import signal
import stat
import subprocess
import sys
import textwrap
import time
from datetime import UTC, date, datetime, timedelta
from decimal import Context, Decimal, localcontext
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from signalfire.costs import CostTracker
from signalfire.costs.entries import Entry, clean_name, parse, render
from signalfire.costs.ledger import LedgerReader, LedgerWriter, costs_path, open_to_append, read_all, remove_before
from signalfire.costs.money import from_text, from_usd, to_text, to_usd

from tests.support.models import CHAT_MODEL
from tests.unit.library.helpers import wait_until

DAY = date(2026, 3, 1)
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
FORK = multiprocessing.get_context("fork")

money = st.integers(0, 10**24 - 1)
names = st.text(max_size=50).map(clean_name)
counts = st.integers(0, 2**53)
entries = st.builds(
    Entry,
    st.integers(0, 2 * 10**15).map(lambda number: NOON + timedelta(microseconds=number - 10**15 // 2)),
    names,
    names,
    names,
    counts,
    counts,
    st.none() | money,
    st.none() | counts,
    st.none() | counts,
    st.none() | counts,
    names,
)


def entry(number: int = 0, cost: int | None = 270_000_000, operation: str = "ad_copy") -> Entry:
    return Entry(NOON, operation, "openai", CHAT_MODEL, number, 200, cost, writer="w")


def numbers(folder: Path) -> list[int]:
    return [found.input_tokens for found in read_all(folder, DAY, DAY)]


# --- money ---


@given(money)
def test_amounts_survive_text_and_decimals(amount: int) -> None:
    assert from_text(to_text(amount)) == amount
    assert from_usd(to_usd(amount)) == amount
    assert to_usd(-amount) == -to_usd(amount)


@given(st.lists(money))
def test_sums_are_exact_whatever_the_applications_decimal_context(amounts: list[int]) -> None:
    with localcontext(Context(prec=3)):
        total = to_usd(sum(from_usd(to_usd(amount)) for amount in amounts))
    with localcontext(Context(prec=200)):
        assert total == sum((Decimal(amount) / 10**12 for amount in amounts), Decimal(0))


@pytest.mark.parametrize("wrong", ["", "x", "nan", "inf", "-1", "1e12", -0.1, float("nan")])
def test_what_is_no_amount_of_money(wrong: str | float) -> None:
    with pytest.raises(ValueError, match="amount of money"):
        from_usd(wrong)


@pytest.mark.parametrize(
    "wrong", ["", ".", "1.", ".5", "-1", "+1", "1e3", "1,5", " 1", "1 ", "٣", "1." + "0" * 13, "1_0"]
)
def test_what_is_no_amount_in_a_ledger(wrong: str) -> None:
    with pytest.raises(ValueError, match="amount of money"):
        from_text(wrong)


# --- lines ---


@given(st.lists(entries, max_size=5))
def test_entries_survive_the_ledger(written: list[Entry]) -> None:
    assert parse(b"".join(map(render, written))) == (written, 0)


@given(entries)
def test_a_line_is_json_without_control_characters(one: Entry) -> None:
    line = render(one)
    assert line.count(b"\n") == 1
    fields = json.loads(line)
    assert fields["timestamp"].endswith("Z")
    assert fields["cost_usd"] is None or isinstance(fields["cost_usd"], str)
    assert not any(byte < 0x20 for byte in line[:-1])


@given(st.binary(), st.lists(entries, max_size=3), st.binary())
def test_bytes_around_good_lines_never_lose_them(before: bytes, good: list[Entry], after: bytes) -> None:
    data = before + b"\n" + b"".join(map(render, good)) + after
    found, _ = parse(data)
    assert all(one in found for one in good)


@given(st.lists(entries, min_size=1, max_size=4), st.data())
def test_a_torn_line_costs_no_other_one(written: list[Entry], data: st.DataObject) -> None:
    """Every process may be killed in the middle of each line; what follows is appended right behind it."""
    pieces, whole = [], []
    for one in written:
        line = render(one)
        cut = data.draw(st.integers(0, len(line)))
        pieces.append(line[:cut])
        if cut >= len(line) - 1:  # only the line feed is missing
            whole.append(one)
        pieces.append(render(entry(7)))
    found, bad = parse(b"".join(pieces))
    assert [one for one in found if one != entry(7)] == whole
    assert found.count(entry(7)) == len(written)
    assert bad <= len(written)


@pytest.mark.parametrize(
    "change",
    [
        {"cost_usd": 0.1},
        {"cost_usd": "1e999999999"},
        {"cost_usd": "-1"},
        {"input_tokens": -1},
        {"input_tokens": 1.5},
        {"input_tokens": True},
        {"input_tokens": 2**60},
        {"reasoning_tokens": None},
        {"operation": None},
        {"timestamp": "2026-03-01"},
        {"timestamp": "2026-13-01T12:00:00.000000Z"},
        {"timestamp": "2026-03-01T12:00:00.000000+01:00"},
        {"timestamp": "9999-12-31T23:59:59.999999Z"},
    ],
)
def test_a_line_with_wrong_values_is_left_out(change: dict[str, object]) -> None:
    fields = json.loads(render(entry())) | change
    assert parse(json.dumps(fields).encode() + b"\n") == ([], 1)


def test_a_line_without_its_cost_is_not_an_unpriced_call() -> None:
    fields = json.loads(render(entry()))
    del fields["cost_usd"]
    assert parse(json.dumps(fields).encode()) == ([], 1)


# --- one writer, one reader ---


@pytest.fixture
def writer(tmp_path: Path) -> LedgerWriter:
    return LedgerWriter(tmp_path / "ledger")


def write(writer: LedgerWriter, *written: Entry, day: date = DAY) -> None:
    for one in written:
        assert writer.add(day, one)
    writer.write()


def test_the_ledger_is_for_its_owner_alone(tmp_path: Path, writer: LedgerWriter) -> None:
    before = os.umask(0)
    try:
        write(writer, entry())
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "ledger").stat().st_mode) == 0o700
    assert stat.S_IMODE(costs_path(tmp_path / "ledger", DAY).stat().st_mode) == 0o600


def test_a_link_is_not_followed(tmp_path: Path, writer: LedgerWriter) -> None:
    (tmp_path / "ledger").mkdir()
    costs_path(tmp_path / "ledger", DAY).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match=os.strerror(errno.ELOOP)):
        write(writer, entry())
    assert not (tmp_path / "elsewhere").exists()
    assert writer.unwritten == 1


def test_each_day_has_its_file(tmp_path: Path, writer: LedgerWriter) -> None:
    write(writer, entry(1))
    write(writer, entry(2), day=DAY + timedelta(days=1))
    write(writer, entry(3))
    assert [path.name for path in sorted((tmp_path / "ledger").iterdir())] == [
        "costs-2026-03-01.jsonl",
        "costs-2026-03-02.jsonl",
    ]
    assert numbers(tmp_path / "ledger") == [1, 3, 2]


def test_a_reader_gets_each_line_once(tmp_path: Path, writer: LedgerWriter) -> None:
    reader = LedgerReader(tmp_path / "ledger")

    def news() -> list[int]:
        return [found.input_tokens for found in reader.entries(DAY, DAY)]

    assert news() == []
    write(writer, entry(1), entry(2))
    assert news() == [1, 2]
    assert news() == []
    write(writer, entry(3))
    with open_to_append(costs_path(tmp_path / "ledger", DAY)) as file:
        file.write(render(entry(4))[:-20])
        assert news() == [3]
        file.write(render(entry(4))[-20:])
    assert news() == [4]


def test_a_reader_starts_again_where_the_file_is_another(tmp_path: Path, writer: LedgerWriter) -> None:
    reader = LedgerReader(tmp_path / "ledger")
    write(writer, entry(1), entry(2))
    assert len(list(reader.entries(DAY, DAY))) == 2
    costs_path(tmp_path / "ledger", DAY).unlink()
    write(writer, entry(3))
    assert [found.input_tokens for found in reader.entries(DAY, DAY)] == [3]


def test_a_torn_last_line_is_told_and_later_lines_are_whole(
    tmp_path: Path, writer: LedgerWriter, capsys: pytest.CaptureFixture[str]
) -> None:
    path = costs_path(tmp_path / "ledger", DAY)
    with open_to_append(path) as file:
        file.write(render(entry(1)) + render(entry(2))[:50])
    write(writer, entry(3))
    assert path.read_bytes() == render(entry(1)) + render(entry(2))[:50] + b"\n" + render(entry(3))
    assert numbers(tmp_path / "ledger") == [1, 3]
    assert f"{path} holds lines that are not whole" in capsys.readouterr().err


def test_a_last_line_that_lacks_its_line_feed_alone_counts(tmp_path: Path) -> None:
    with open_to_append(costs_path(tmp_path, DAY)) as file:
        file.write(render(entry(1)) + render(entry(2))[:-1])
    assert numbers(tmp_path) == [1, 2]


def test_megabytes_without_a_line_feed_are_passed_over(tmp_path: Path, writer: LedgerWriter) -> None:
    with open_to_append(costs_path(tmp_path / "ledger", DAY)) as file:
        file.write(render(entry(1)) + b"\0" * 3_000_000)
    write(writer, entry(2))
    reader = LedgerReader(tmp_path / "ledger")
    assert [found.input_tokens for found in reader.entries(DAY, DAY)] == [1, 2]
    assert numbers(tmp_path / "ledger") == [1, 2]


def test_old_files_are_removed_and_strange_ones_stay(tmp_path: Path) -> None:
    stays = ["costs-2026-03-01.jsonl", "budget-events-2026-03.jsonl", "costs-x.jsonl", "notes.txt", "budgets.json"]
    goes = ["costs-2026-02-28.jsonl", "costs-2025-12-31.jsonl", "budget-events-2026-02.jsonl"]
    for name in (*stays, *goes):
        (tmp_path / name).touch()
    remove_before(tmp_path, DAY)
    assert {path.name for path in tmp_path.iterdir()} == set(stays)


def limited(size: int, program: str, *arguments: str) -> str:
    """Runs Python where no file may grow beyond that size, which is how a full disk looks to it."""

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

    command = [sys.executable, "-c", textwrap.dedent(program), *arguments]
    done = subprocess.run(command, preexec_fn=limit, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_full_disk_loses_nothing_once_there_is_space_again(tmp_path: Path) -> None:
    """Lines are torn where the space ends, written again whole later, and counted once."""
    out = limited(
        1000,
        """
        import resource, sys
        from datetime import UTC, date, datetime
        from pathlib import Path
        from signalfire.costs.entries import Entry
        from signalfire.costs.ledger import LedgerWriter
        writer = LedgerWriter(Path(sys.argv[1]))
        full = 0
        for number in range(20):
            writer.add(date(2026, 3, 1), Entry(datetime(2026, 3, 1, 12, tzinfo=UTC), "o", "p", "m", number, 0, 1))
            try:
                writer.write()
            except OSError:
                full += 1
        print(full, writer.unwritten)
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        writer.write()
        print(writer.unwritten)
        """,
        str(tmp_path),
    )
    full, unwritten, left = map(int, out.split())
    assert 10 < full == unwritten
    assert left == 0
    assert numbers(tmp_path) == list(range(20))


# --- several processes ---


def record(folder: Path, process: int, calls: int) -> None:
    tracker = CostTracker(folder, budgets=[])
    for number in range(calls):
        tracker.track_api_call(f"process {process}", CHAT_MODEL, number, 1, provider="openai")
    assert tracker.flush(30)


def test_processes_that_write_at_once_lose_nothing(tmp_path: Path) -> None:
    processes = [FORK.Process(target=record, args=(tmp_path, number, 300)) for number in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
        assert process.exitcode == 0
    today = datetime.now(UTC).date()
    found = list(read_all(tmp_path, today - timedelta(days=1), today))
    assert len(found) == 1200
    for number in range(4):
        mine = [one.input_tokens for one in found if one.operation == f"process {number}"]
        assert sorted(mine) == list(range(300))


def test_the_last_call_of_a_short_process_is_in_the_ledger(tmp_path: Path) -> None:
    """Neither a child of multiprocessing nor a program flushes by itself."""

    def one_call(folder: Path) -> None:
        CostTracker(folder, budgets=[]).track_api_call("child", CHAT_MODEL, 1, 1)

    process = FORK.Process(target=one_call, args=(tmp_path,))
    process.start()
    process.join(30)
    program = f"""
        from signalfire.costs import CostTracker
        CostTracker({str(tmp_path)!r}, budgets=[]).track_api_call("program", {CHAT_MODEL!r}, 1, 1)
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(program)], check=True, timeout=60)
    today = datetime.now(UTC).date()
    assert {one.operation for one in read_all(tmp_path, today, today)} == {"child", "program"}


def record_until_killed(folder: Path, process: int, flushed: "multiprocessing.sharedctypes.Synchronized[int]") -> None:
    tracker = CostTracker(folder, budgets=[])
    for number in range(1_000_000):
        tracker.track_api_call(f"process {process} {'x' * random.randrange(150)}", CHAT_MODEL, number, 1)
        if number % 20 == 0 and tracker.flush(10):
            flushed.value = number


def test_processes_that_are_killed_lose_only_what_was_not_flushed(tmp_path: Path) -> None:
    survivor = FORK.Process(target=record, args=(tmp_path, 99, 500))
    flushed = [FORK.Value("q", -1) for _ in range(3)]
    killed = [FORK.Process(target=record_until_killed, args=(tmp_path, number, flushed[number])) for number in range(3)]
    for process in (survivor, *killed):
        process.start()
    for number, process in enumerate(killed):
        wait_until(functools.partial(lambda count: count.value > 50, flushed[number]))
        assert process.pid is not None
        os.kill(process.pid, signal.SIGKILL)
        process.join(10)
    survivor.join(60)
    assert survivor.exitcode == 0
    today = datetime.now(UTC).date()
    found = list(read_all(tmp_path, today - timedelta(days=1), today))
    assert sorted(one.input_tokens for one in found if one.operation.startswith("process 99")) == list(range(500))
    for number in range(3):
        mine = [one.input_tokens for one in found if one.operation.startswith(f"process {number} ")]
        assert mine == list(range(len(mine)))
        assert len(mine) > flushed[number].value


def test_a_forked_child_writes_only_its_own_calls(tmp_path: Path) -> None:
    tracker = CostTracker(tmp_path, budgets=[])
    tracker.track_api_call("parent", CHAT_MODEL, 1000, 1)

    def child() -> None:
        tracker.track_api_call("child", CHAT_MODEL, 1000, 1)
        assert tracker.flush(10)
        assert tracker.by_operation()["parent"].calls == 1
        assert tracker.by_operation()["child"].calls == 1

    assert tracker.flush()
    process = FORK.Process(target=child)
    process.start()
    process.join(30)
    assert process.exitcode == 0
    wait_until(lambda: tracker.by_operation().get("child"))
    assert {name: spend.calls for name, spend in tracker.by_operation().items()} == {"parent": 1, "child": 1}
    tracker.close()
    today = datetime.now(UTC).date()
    assert sorted(one.operation for one in read_all(tmp_path, today, today)) == ["child", "parent"]


def test_a_call_takes_microseconds(tmp_path: Path) -> None:
    """Measured at 20 to 30 µs with the price; the bound is for a busy machine, and far below a disk's time."""
    tracker = CostTracker(tmp_path, budgets=[])
    tracker.track_api_call("warm", CHAT_MODEL, 1000, 1)
    fastest = 1.0
    for _ in range(20):
        began = time.perf_counter()
        tracker.track_api_call("ad_copy", CHAT_MODEL, 1000, 200)
        fastest = min(fastest, time.perf_counter() - began)
    tracker.close()
    assert fastest < 0.001
