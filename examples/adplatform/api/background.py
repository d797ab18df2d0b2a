"""What the API does beside answering requests."""

import asyncio
import mmap

from signalfire import metrics

from examples.adplatform.api.users import Users
from examples.adplatform.faults import Fault, FaultBoard

MEGABYTE = 1024 * 1024
GROWTH_MEGABYTES = 5
MOST_GROWTH_MEGABYTES = 600


class Leak:
    """Memory that is really used and really given back: an allocator might keep what is freed, a closed map is gone."""

    def __init__(self) -> None:
        self._chunks: list[mmap.mmap] = []

    def grow(self) -> None:
        if len(self._chunks) * GROWTH_MEGABYTES >= MOST_GROWTH_MEGABYTES:
            return
        chunk = mmap.mmap(-1, GROWTH_MEGABYTES * MEGABYTE)
        chunk.write(b"\x01" * len(chunk))  # only a page that was written to takes memory
        self._chunks.append(chunk)

    def free(self) -> None:
        for chunk in self._chunks:
            chunk.close()
        self._chunks.clear()


async def every_second(users: Users, faults: FaultBoard) -> None:
    leak = Leak()
    while True:
        metrics.active_users.set(users.active())
        if faults.active(Fault.MEMORY_GROWTH):
            leak.grow()
        else:
            leak.free()
        await asyncio.sleep(1)
