"""The two ends of the way from the containers to this machine, over real sockets."""

import asyncio
import importlib.util
import os
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from types import ModuleType

import pytest

from kit.paths import ROOT
from tests.support.running import free_ports


@pytest.fixture
def relay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    spec = importlib.util.spec_from_file_location("relay", ROOT / "compose" / "relay.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "SOCKETS", tmp_path)
    monkeypatch.setattr(module, "HEALTH", tmp_path / "health")
    return module


@pytest.fixture
async def ports(relay: ModuleType, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[int, int]]:
    """The port of a service on 127.0.0.1, and the one where `inside` has to offer it."""
    service, offered = list(free_ports().values())[:2]
    tasks = [asyncio.create_task(relay.outside([f"127.0.0.1:{service}"]))]
    await _until_listening(relay.SOCKETS / str(service))
    (relay.SOCKETS / str(offered)).symlink_to(relay.SOCKETS / str(service))  # both ends are on this machine here
    tasks.append(asyncio.create_task(relay.inside([f"127.0.0.1:{offered}"])))
    await _until_listening(("127.0.0.1", offered))
    yield service, offered
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _until_listening(address: Path | tuple[str, int]) -> None:
    family = socket.AF_UNIX if isinstance(address, Path) else socket.AF_INET
    while True:
        with socket.socket(family) as probe:
            if probe.connect_ex(str(address) if isinstance(address, Path) else address) == 0:
                return
        await asyncio.sleep(0.01)


async def test_every_byte_passes_both_ways_and_so_does_the_end(ports: tuple[int, int]) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = await reader.read()  # to its end: the caller has closed its half alone
        writer.write(asked[::-1])
        await writer.drain()
        writer.close()

    service, offered = ports
    sent = os.urandom(3_000_000)
    async with await asyncio.start_server(answer, "127.0.0.1", service):
        reader, writer = await asyncio.open_connection("127.0.0.1", offered)
        writer.write(sent)
        writer.write_eof()
        assert await reader.read() == sent[::-1]
        writer.close()


async def test_where_nobody_listens_the_caller_is_not_left_waiting(ports: tuple[int, int]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", ports[1])
    async with asyncio.timeout(5):
        assert await reader.read() == b""
    writer.close()


async def test_check_fails_when_nobody_is_outside(relay: ModuleType, ports: tuple[int, int]) -> None:
    await asyncio.to_thread(relay.check)
    (relay.SOCKETS / "health").unlink()
    with pytest.raises(FileNotFoundError):
        await asyncio.to_thread(relay.check)


async def test_check_fails_when_the_other_end_does_not_answer(
    relay: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay, "_CHECK_SECONDS", 0.2)
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(relay.HEALTH))
        silent.listen()
        with pytest.raises(TimeoutError):
            await asyncio.to_thread(relay.check)
