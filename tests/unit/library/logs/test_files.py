"""Log files: whole lines from every thread and process, one file a day, and an application that never notices."""

import fcntl
import json
import logging
import multiprocessing
import os
import shutil
import stat
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from signalfire import get_logger, setup_logging
from signalfire.logs.line import line
from signalfire.prometheus import default

from tests.unit.library.helpers import Lines, value

FORK = multiprocessing.get_context("fork")


class Clock:
    """The time that the lines bear, the same in forked processes."""

    def __init__(self) -> None:
        self._now = FORK.RawValue("q", 0)
        self.set("2026-03-01T12:00:00")

    def __call__(self) -> int:
        now: int = self._now.value
        return now

    def set(self, text: str) -> None:
        since = datetime.fromisoformat(text).replace(tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)
        self._now.value = (since.days * 86_400 + since.seconds) * 10**9 + since.microseconds * 1000


@pytest.fixture
def clock() -> Clock:
    line.clock = clock = Clock()
    return clock


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "logs"


@pytest.fixture
def out(folder: Path, clock: Clock) -> Lines:
    """What goes to stdout while files are written too."""
    stream = Lines()
    setup_logging("shop", env="test", stream=stream, log_dir=folder)  # type: ignore[arg-type]
    return stream


def messages(path: Path) -> list[str]:
    """The messages of a file's lines. Fails where anything in it is not a line of JSON."""
    return [json.loads(row)["message"] for row in path.read_text(encoding="utf-8").splitlines()]


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if not path.name.startswith(".")}


def dropped() -> float:
    return value(default.metrics.registry, "signalfire_log_records_dropped_total", reason="write_failed")


def opened(folder: Path) -> list[int]:
    """The descriptors of this process' open files in that folder."""
    links = [path for path in Path("/proc/self/fd").iterdir() if path.is_symlink()]
    return [int(path.name) for path in links if str(folder) in str(path.readlink())]


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def set_up(log_dir: Path | None = None, **options: Any) -> Lines:
    """Sets up logging as the environment says; gives what goes to stdout."""
    stream = Lines()
    setup_logging("shop", env="test", stream=stream, log_dir=log_dir, **options)  # type: ignore[arg-type]
    return stream


# --- what is written ---


def test_every_line_is_in_the_file_and_errors_are_in_a_second_one(folder: Path, out: Lines) -> None:
    for log in (get_logger("a"), logging.getLogger("a")):
        log.info("info")
        log.warning("warning")
        log.error("error")
        log.critical("critical")
    assert (folder / "shop.log").read_text(encoding="utf-8") == out.raw
    assert len(out.all) == 8
    assert messages(folder / "shop.error.log") == ["error", "critical"] * 2


def test_a_copy_says_early_that_it_is_one(folder: Path, out: Lines) -> None:
    """Readers of many files tell them apart by their first kilobyte, and know by it what stands in both."""
    get_logger("a").error("long", detail="x" * 5000)
    [line], [copy] = ((folder / name).read_bytes().splitlines() for name in ("shop.log", "shop.error.log"))
    assert line[:1000] != copy[:1000]
    told = json.loads(copy)
    assert told.pop("copy_of") == "shop.log"
    assert told == json.loads(line)


def test_both_files_are_there_from_the_start(folder: Path, out: Lines) -> None:
    assert names(folder) == {"shop.log", "shop.error.log"}


def test_secrets_are_masked_in_files_too(folder: Path, out: Lines) -> None:
    get_logger("a").error("x", password="hunter2", note="mail ada@example.org")
    for name in ("shop.log", "shop.error.log"):
        text = (folder / name).read_text(encoding="utf-8")
        assert "[MASKED:email]" in text
        assert "hunter2" not in text
        assert "ada@" not in text


def test_control_characters_cannot_forge_a_line(folder: Path, out: Lines) -> None:
    evil = "\n\r\x0b\x0c\x1c\x85\u2028\u2029\x1b[2J" + '{"level":"info"}\n'
    get_logger(f"a{evil}").error(evil, **{evil: evil})
    for name in ("shop.log", "shop.error.log"):
        text = (folder / name).read_bytes().decode()
        assert len(text.splitlines()) == 1
        assert text.isprintable() or text[:-1].isprintable()
        assert json.loads(text)["message"] == evil


@pytest.mark.parametrize(("mask", "folder_mode", "file_mode"), [(0o022, 0o750, 0o644), (0o007, 0o750, 0o660)])
def test_modes_follow_the_umask(mask: int, folder_mode: int, file_mode: int, tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "logs"
    before = os.umask(mask)
    try:
        set_up(folder)
        get_logger("a").error("x")
    finally:
        os.umask(before)
    assert mode(folder) == folder_mode
    assert {mode(path) for path in folder.iterdir()} == {file_mode}


def test_a_services_name_cannot_leave_the_folder(tmp_path: Path, clock: Clock) -> None:
    setup_logging("../up/../" + "é" * 300, stream=Lines(), log_dir=tmp_path / "logs")  # type: ignore[arg-type]
    get_logger("a").info("x")
    (path,) = (tmp_path / "logs").glob(".._up_.._*_.log")
    assert messages(path) == ["x"]
    assert names(tmp_path) == {"logs"}


# --- days ---


@pytest.fixture
def far_from_utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Pacific/Honolulu")
    time.tzset()
    yield
    monkeypatch.delenv("TZ")
    time.tzset()


@pytest.mark.usefixtures("far_from_utc")
def test_a_new_day_begins_at_midnight_utc(folder: Path, out: Lines, clock: Clock) -> None:
    log = get_logger("a")
    clock.set("2026-03-01T23:59:59.999999")
    log.error("last")
    assert names(folder) == {"shop.log", "shop.error.log"}
    clock.set("2026-03-02T00:00:00")
    log.info("first")
    assert messages(folder / "shop.log.2026-03-01") == ["last"]
    assert messages(folder / "shop.error.log.2026-03-01") == ["last"]
    assert messages(folder / "shop.log") == ["first"]
    assert messages(folder / "shop.error.log") == []
    clock.set("2026-03-05T10:00:00")
    log.error("later")
    assert messages(folder / "shop.log.2026-03-02") == ["first"]
    assert messages(folder / "shop.error.log") == ["later"]
    assert names(folder) == {
        "shop.log",
        "shop.error.log",
        "shop.log.2026-03-01",
        "shop.error.log.2026-03-01",
        "shop.log.2026-03-02",
    }


def test_a_start_finds_the_file_of_an_earlier_day(folder: Path, out: Lines, clock: Clock) -> None:
    get_logger("a").error("old")
    clock.set("2026-03-03T00:00:00")
    set_up(folder)  # before anything is logged
    assert messages(folder / "shop.log.2026-03-01") == ["old"]
    assert messages(folder / "shop.error.log.2026-03-01") == ["old"]
    assert messages(folder / "shop.log") == []


def test_a_start_on_the_same_day_goes_on(folder: Path, out: Lines) -> None:
    get_logger("a").info("before")
    set_up(folder)
    get_logger("a").info("after")
    assert messages(folder / "shop.log") == ["before", "after"]


@pytest.mark.usefixtures("far_from_utc")
def test_a_file_that_somebody_else_wrote_is_of_the_day_of_its_last_change(folder: Path, clock: Clock) -> None:
    folder.mkdir()
    (folder / "shop.log").write_text("not ours\n")
    changed = datetime(2026, 2, 20, 1, tzinfo=UTC).timestamp()
    os.utime(folder / "shop.log", (changed, changed))
    set_up(folder)
    assert (folder / "shop.log.2026-02-20").read_text() == "not ours\n"


def test_a_line_that_is_late_for_its_day_joins_it(folder: Path, out: Lines, clock: Clock) -> None:
    log = get_logger("a")
    for moment in ("01T23:59", "02T00:00", "01T23:59", "02T00:00"):
        clock.set(f"2026-03-{moment}")
        log.error(moment)
    assert messages(folder / "shop.log.2026-03-01") == ["01T23:59"] * 2
    assert messages(folder / "shop.error.log.2026-03-01") == ["01T23:59"] * 2
    assert messages(folder / "shop.log") == ["02T00:00"] * 2
    assert len(names(folder)) == 4


def test_a_clock_that_is_put_back_loses_and_overwrites_nothing(folder: Path, out: Lines, clock: Clock) -> None:
    log = get_logger("a")
    for day in ("01", "09", "01", "09", "05", "09", "12"):
        clock.set(f"2026-03-{day}")
        log.error(day)
    for name in ("shop.log", "shop.error.log"):
        assert messages(folder / name) == ["12"]
        assert messages(folder / f"{name}.2026-03-01") == ["01"] * 2
        assert messages(folder / f"{name}.2026-03-05") == ["05"]
        assert messages(folder / f"{name}.2026-03-09") == ["09"] * 3
    assert len(names(folder)) == 8


def test_a_clock_that_is_put_back_by_days_leaves_no_file_of_the_future(folder: Path, out: Lines, clock: Clock) -> None:
    for day in ("2099-01-01", "2026-03-05"):
        clock.set(day)
        get_logger("a").info(day)
    assert messages(folder / "shop.log.2099-01-01") == ["2099-01-01"]
    assert messages(folder / "shop.log") == ["2026-03-05"]


def test_a_file_that_has_the_rotated_ones_name_is_left_alone(folder: Path, out: Lines, clock: Clock) -> None:
    log = get_logger("a")
    log.info("one")
    (folder / "shop.log.2026-03-01").write_text("a copy")
    (folder / "shop.log.2026-03-01.1").write_text("another copy")
    set_up(folder)
    log.info("two")
    clock.set("2026-03-02")
    log.info("three")
    assert messages(folder / "shop.log.2026-03-01.2") == ["one", "two"]
    assert messages(folder / "shop.log") == ["three"]
    assert (folder / "shop.log.2026-03-01").read_text() == "a copy"
    assert (folder / "shop.log.2026-03-01.1").read_text() == "another copy"


def test_a_late_line_joins_its_day_when_no_other_has_come_since(folder: Path, out: Lines, clock: Clock) -> None:
    log = get_logger("a")
    for moment in ("01T23:59", "02T00:00", "01T23:59"):
        clock.set(f"2026-03-{moment}")
        (log.info if moment == "02T00:00" else log.error)(moment)
    assert messages(folder / "shop.error.log.2026-03-01") == ["01T23:59"] * 2
    assert messages(folder / "shop.error.log") == []


OTHERS = {
    "shop.log.txt",
    "shop.log.2020-01-01.gz",
    "shop2.log.2020-01-01",
    "my-shop.log.2020-01-01",
    "shop.audit.log.2020-01-01",
    "shopXlog.2020-01-01",
}


@pytest.mark.parametrize(("variable", "oldest_kept"), [(None, "2026-02-10"), ("2", "2026-03-10")])
@pytest.mark.parametrize("at", ["start", "rotation"])
def test_files_that_are_too_old_are_removed(
    at: str, variable: str | None, oldest_kept: str, folder: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    if variable is not None:
        monkeypatch.setenv("LOG_KEEP_DAYS", variable)
    if at == "rotation":
        clock.set("2026-03-11T23:59:59")
        set_up(folder)
    folder.mkdir(exist_ok=True)
    days = ["2019-12-31", "2026-02-09", "2026-02-10", "2026-03-09", "2026-03-10"]
    own = {f"shop{kind}.log.{day}{copy}" for kind in ("", ".error") for day in days for copy in ("", ".1")}
    for name in own | OTHERS:
        (folder / name).touch()
    clock.set("2026-03-12T00:00:00")
    if at == "start":
        set_up(folder)
    else:
        get_logger("a").info("x")
    kept = {name for name in own if name.split(".log.")[1] >= oldest_kept}
    assert names(folder) == kept | OTHERS | {"shop.log", "shop.error.log"}


def test_an_old_file_that_cannot_be_removed_is_told(
    folder: Path, clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "shop.log.2020-01-01").mkdir(parents=True)
    (folder / "shop.log.2020-01-02").touch()
    set_up(folder)
    get_logger("a").info("x")
    assert messages(folder / "shop.log") == ["x"]
    assert not (folder / "shop.log.2020-01-02").exists()
    assert "shop.log.2020-01-01 is older than LOG_KEEP_DAYS but cannot be removed" in capsys.readouterr().err


# --- threads and processes ---

WRITERS, DAYS, A_DAY = 6, 12, 25
EACH = DAYS * A_DAY


def write_over_midnights(clock: Clock, writer: int, noon: Any) -> None:
    """Logs this writer's lines; the first writer brings midnight, and at noon, a barrier, all wait for each other."""
    log = get_logger("a")
    for number in range(EACH):
        day, line_of_day = divmod(number, A_DAY)
        if writer == 0 and line_of_day == 0:
            clock.set(f"2026-03-{1 + day:02}T00:00:00")
        if line_of_day == A_DAY // 2:
            noon.wait(20)
        (log.error if number % 3 == 0 else log.info)(f"{writer}/{number}", padding="x" * (number % 7 * 300))


def check_days(folder: Path) -> None:
    """Every line is in its own day's file, whole and once."""
    expected = [f"{writer}/{number}" for writer in range(WRITERS) for number in range(EACH)]
    errors = [name for name in expected if int(name.split("/")[1]) % 3 == 0]
    assert len(names(folder)) == 2 * DAYS
    for base, wanted in (("shop.log", expected), ("shop.error.log", errors)):
        found = []
        for path in folder.glob(f"{base}*"):
            rows = [json.loads(row) for row in path.read_bytes().decode().splitlines()]
            days = {row["timestamp"][:10] for row in rows}
            assert days == {path.name.removeprefix(base)[1:] or f"2026-03-{DAYS}"}
            found += [row["message"] for row in rows]
        assert sorted(found) == sorted(wanted)


def in_processes(count: int, work: Callable[[int], None]) -> None:
    """Runs the work in forked processes at once. Fails where one of them does, or hangs."""
    start = FORK.Barrier(count)

    def run(number: int) -> None:
        start.wait(20)
        work(number)

    processes = [FORK.Process(target=run, args=(number,), daemon=True) for number in range(count)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0] * count


def test_processes_that_share_files_lose_tear_and_double_nothing_over_midnights(
    folder: Path, out: Lines, clock: Clock
) -> None:
    def work(writer: int) -> None:
        write_over_midnights(clock, writer, noon)
        assert dropped() == before

    before, noon = dropped(), FORK.Barrier(WRITERS)
    in_processes(WRITERS, work)
    check_days(folder)


def test_threads_lose_tear_and_double_nothing_over_midnights(folder: Path, out: Lines, clock: Clock) -> None:
    noon = threading.Barrier(WRITERS)
    threads = [threading.Thread(target=write_over_midnights, args=(clock, writer, noon)) for writer in range(WRITERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    check_days(folder)


def test_processes_that_start_at_once_share_the_files(folder: Path, clock: Clock) -> None:
    def work(number: int) -> None:
        set_up(folder)
        get_logger("a").error(str(number))

    in_processes(WRITERS, work)
    assert sorted(messages(folder / "shop.log")) == sorted(map(str, range(WRITERS)))
    assert sorted(messages(folder / "shop.error.log")) == sorted(map(str, range(WRITERS)))


def test_a_process_that_slept_over_midnight_follows(folder: Path, out: Lines, clock: Clock) -> None:
    get_logger("a").error("parent")
    clock.set("2026-03-02T00:00:00")
    in_processes(1, lambda _: get_logger("a").error("child"))
    get_logger("a").error("parent")
    for name in ("shop.log", "shop.error.log"):
        assert messages(folder / f"{name}.2026-03-01") == ["parent"]
        assert messages(folder / name) == ["child", "parent"]


def test_a_child_forked_in_the_middle_of_a_write_can_log(folder: Path, out: Lines) -> None:
    assert line.files is not None
    held, done = threading.Event(), threading.Event()

    def hold(lock: Any) -> None:
        with lock:
            held.set()
            done.wait(60)

    thread = threading.Thread(target=hold, args=(line.files._lock,))
    thread.start()
    held.wait(20)
    try:
        in_processes(1, lambda _: get_logger("a").info("child"))
    finally:
        done.set()
        thread.join()
    assert messages(folder / "shop.log") == ["child"]


def test_a_process_that_hangs_in_its_rotation_does_not_stop_the_others(
    folder: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("signalfire.logs.files.PATIENCE", 0.2)
    folder.mkdir()
    with (folder / ".shop.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        began = time.monotonic()
        out = set_up(folder)
        for number in range(100):
            get_logger("a").error(str(number))
        assert time.monotonic() - began < 10  # 200 times 0.2 s would be more
        assert len(out.all) == 100
        assert f"another process holds {folder}/.shop.lock" in capsys.readouterr().err
    get_logger("a").info("free")
    assert messages(folder / "shop.log") == ["free"]


# --- what cannot be written ---


def test_a_folder_that_cannot_be_made_is_told_once_and_stdout_goes_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    before = dropped()
    out = set_up(tmp_path / "file" / "logs")
    for _ in range(3):
        get_logger("a").info("x")
    assert len(out.all) == 3
    assert dropped() - before == 3
    (told,) = [row for row in capsys.readouterr().err.splitlines() if "shop.log " in row]
    assert told == (
        f"signalfire: log lines cannot be written to {tmp_path}/file/logs/shop.log (Not a directory), so they go to "
        "stdout: make LOG_DIR a folder that this process may write to, with space left on its disk"
    )


def test_what_files_do_not_take_goes_to_stdout_even_where_that_is_off(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    out = set_up(tmp_path / "file" / "logs", log_stdout=False)
    get_logger("a").error("x")
    assert [row["message"] for row in out.all] == ["x"]


def test_a_removed_folder_comes_back(folder: Path, out: Lines) -> None:
    log = get_logger("a")
    log.error("before")
    shutil.rmtree(folder)
    before = dropped()
    log.error("after")
    for name in ("shop.log", "shop.error.log"):
        assert messages(folder / name) == ["after"]
    assert dropped() == before


def test_a_folder_that_is_gone_for_a_while_is_used_again(
    folder: Path, out: Lines, capsys: pytest.CaptureFixture[str]
) -> None:
    log = get_logger("a")
    log.info("before")
    shutil.rmtree(folder)
    folder.touch()
    before = dropped()
    log.info("lost")
    log.error("lost")
    assert dropped() - before == 2  # records, not files
    folder.unlink()
    log.info("after")
    assert messages(folder / "shop.log") == ["after"]
    assert [row["message"] for row in out.all] == ["before", "lost", "lost", "after"]
    assert dropped() - before == 2
    assert capsys.readouterr().err.count("shop.log ") == 1


def test_a_program_that_closes_all_files_loses_one_line(folder: Path, out: Lines) -> None:
    """As those do that become daemons."""
    log = get_logger("a")
    log.info("one")
    for descriptor in opened(folder):
        os.close(descriptor)
    log.info("two")
    log.info("three")
    assert messages(folder / "shop.log") == ["one", "three"]
    assert len(out.all) == 3


def test_a_full_disk_tears_no_line_and_is_used_again_when_there_is_space(folder: Path) -> None:
    """A limit on the size of files stands for the end of the disk: a line is written in part, the next not at all."""
    program = """
        import resource, pathlib, signalfire
        from signalfire.logs.line import line
        from signalfire.prometheus import default
        signalfire.setup_logging("shop")
        log = signalfire.get_logger("a")
        log.info("one", padding="x" * 500)
        size = pathlib.Path(line.files.folder, "shop.log").stat().st_size
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + 100, resource.RLIM_INFINITY))
        log.info("two", padding="x" * 500)
        log.info("three", padding="x" * 500)
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        log.info("four")
        sample = "signalfire_log_records_dropped_total"
        print(default.metrics.registry.get_sample_value(sample, {"reason": "write_failed"}))
    """
    environment = os.environ | {"LOG_DIR": str(folder)}
    arguments = [sys.executable, "-c", textwrap.dedent(program)]
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=60, env=environment, check=True)
    *rows, count = done.stdout.splitlines()
    assert [json.loads(row)["message"] for row in rows] == ["one", "two", "three", "four"]
    assert float(count) == 2
    assert messages(folder / "shop.log") == ["one", "four"]
    assert [row.count("cannot be written to") for row in done.stderr.splitlines()] == [1]


def test_a_line_that_a_crash_left_torn_spoils_no_other(folder: Path, clock: Clock) -> None:
    folder.mkdir()
    torn = '{"timestamp":"2026-03-01T10:00:00.000000Z","lev'
    (folder / "shop.log").write_text(torn)
    set_up(folder)
    get_logger("a").info("x")
    first, second = (folder / "shop.log").read_text().splitlines()
    assert first == torn
    assert json.loads(second)["message"] == "x"


def test_a_stdout_that_cannot_be_written_is_no_reason_to_leave_the_file(folder: Path, clock: Clock) -> None:
    class Closed(Lines):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    setup_logging("shop", stream=Closed(), log_dir=folder)  # type: ignore[arg-type]
    before = dropped()
    get_logger("a").info("x")
    assert messages(folder / "shop.log") == ["x"]
    assert dropped() - before == 1


# --- settings ---


def test_only_files(
    folder: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LOG_DIR", str(folder))
    for word in ("false", "0", " No ", "OFF"):
        monkeypatch.setenv("LOG_STDOUT", word)
        out = set_up()
        get_logger("a").error(word)
        assert out.raw == ""
    assert capsys.readouterr().err == ""
    assert messages(folder / "shop.log") == ["false", "0", " No ", "OFF"]


def test_keywords_come_before_the_environment(folder: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOG_DIR", str(folder / "variable"))
    monkeypatch.setenv("LOG_STDOUT", "false")
    out = set_up(folder / "keyword", log_stdout=True)
    get_logger("a").info("x")
    assert len(out.all) == 1
    assert names(folder) == {"keyword"}
    setup_logging("shop", stream=out, log_dir="")  # type: ignore[arg-type]
    get_logger("a").info("y")
    assert len(out.all) == 2
    assert messages(folder / "keyword" / "shop.log") == ["x"]
    assert names(folder) == {"keyword"}


@pytest.mark.parametrize("text", ["", "true"])
def test_stdout_unless_it_is_off(text: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOG_STDOUT", text)
    out = set_up(folder)
    get_logger("a").info("x")
    assert len(out.all) == 1


def test_neither_files_nor_stdout_is_taken_for_a_mistake(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LOG_STDOUT", "false")
    out = set_up()
    get_logger("a").info("x")
    assert len(out.all) == 1
    assert "set LOG_DIR to a folder, or LOG_STDOUT to true" in capsys.readouterr().err


def test_a_relative_folder_stays_where_the_process_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    set_up(Path("logs"))
    monkeypatch.chdir(tmp_path / "elsewhere")
    get_logger("a").info("x")
    assert messages(tmp_path / "logs" / "shop.log") == ["x"]
    assert names(tmp_path / "elsewhere") == set()


def test_a_relative_folder_without_a_current_one_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    monkeypatch.setenv("LOG_DIR", "logs")
    out = set_up()
    get_logger("a").info("x")
    assert len(out.all) == 1
    assert "LOG_DIR is 'logs', but there is no current folder" in capsys.readouterr().err
    set_up(Path("mine"))
    assert "log_dir is 'mine', but there is no current folder" in capsys.readouterr().err


def test_setting_up_again_closes_the_files_before(folder: Path, clock: Clock) -> None:
    for _ in range(5):
        set_up(folder)
        get_logger("a").error("x")
    assert len(opened(folder)) == 2
    set_up()
    assert opened(folder) == []


def run(program: str, **variables: str) -> str:
    environment = os.environ | {"OTEL_TRACES_EXPORTER": "none"} | variables
    arguments = [sys.executable, "-c", textwrap.dedent(program)]
    return subprocess.run(arguments, capture_output=True, text=True, timeout=60, env=environment, check=True).stdout


def test_monitoring_takes_the_same_keywords(folder: Path) -> None:
    program = f"""
        import signalfire
        signalfire.setup_monitoring(service_name="worker", log_dir="{folder}", log_stdout=False)
        signalfire.get_logger("a").info("x")
    """
    assert run(program) == ""
    assert messages(folder / "worker.log") == ["x"]


def test_files_follow_the_name_that_monitoring_gives(folder: Path) -> None:
    program = """
        import signalfire
        signalfire.setup_logging("early", log_stdout=False)
        signalfire.get_logger("a").info("one")
        signalfire.setup_monitoring(service_name="worker")
        signalfire.get_logger("a").info("two")
    """
    assert run(program, LOG_DIR=str(folder)) == ""
    assert messages(folder / "early.log") == ["one"]
    assert messages(folder / "worker.log") == ["two"]


def test_the_kill_switch_writes_no_files(folder: Path) -> None:
    program = "import signalfire; signalfire.setup_monitoring(service_name='x'); signalfire.get_logger('a').error('x')"
    run(program, LOG_DIR=str(folder), SIGNALFIRE_DISABLED="1")
    assert not folder.exists()
