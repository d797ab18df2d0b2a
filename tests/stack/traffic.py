"""Traffic that counts itself: each span, log record and line of a file that was acknowledged must arrive."""

import json
import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Self

import httpx

from tests.support.patience import PATIENCE_SECONDS
from tests.support.servers import eventually, lines_in_loki, record, send_logs, send_spans, span, trace_in_jaeger

SPANS_IN_A_TRACE = 5
RECORDS_IN_A_BATCH = 5


class Traffic:
    """Sends until it is left. A batch that was not acknowledged is sent again under a new name, and not counted."""

    def __init__(self, otlp: str, file: Path | None = None) -> None:
        self.service = f"traffic-{secrets.token_hex(4)}"
        self.started = time.time()
        self.traces: list[str] = []
        self.records: list[str] = []
        self.lines: list[str] = []
        self.refused = 0
        self._otlp = otlp
        self._file = file
        self._ends = threading.Event()
        self._threads = [
            threading.Thread(target=self._repeat, args=(work,)) for work in (self._trace, self._logs, self._line)
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ends.set()
        for thread in self._threads:
            thread.join()

    def goes_on(self, batches: int = 20) -> None:
        """Until so many more batches of each kind were acknowledged, and as many lines written."""
        sent = (self.traces, self.records, self.lines) if self._file else (self.traces, self.records)
        wanted = [len(kind) + batches * (RECORDS_IN_A_BATCH if kind is self.records else 1) for kind in sent]
        eventually(
            lambda: all(len(kind) >= least for kind, least in zip(sent, wanted, strict=True)),
            f"{batches} more batches of traces, records and lines are sent",
        )

    def writes_on(self, lines: int = 20) -> None:
        """Until so many more lines were written to the file."""
        wanted = len(self.lines) + lines
        eventually(lambda: len(self.lines) >= wanted, f"{lines} more lines are written")

    def _repeat(self, work: Callable[[httpx.Client], None]) -> None:
        with httpx.Client(trust_env=False, timeout=PATIENCE_SECONDS) as client:
            while not self._ends.is_set():
                work(client)
                time.sleep(0.05)

    def _trace(self, client: httpx.Client) -> None:
        trace = secrets.token_hex(16)
        # With an error, so that no sampling may drop it.
        spans = [span(trace, secrets.token_hex(8), error=True) for _ in range(SPANS_IN_A_TRACE)]
        if send_spans(self._otlp, spans, self.service, client):
            self.traces.append(trace)
        else:
            self.refused += 1

    def _logs(self, client: httpx.Client) -> None:
        # After a letter, so that no number in it looks like that of a card and is masked.
        names = [f"record x{secrets.token_hex(8)}" for _ in range(RECORDS_IN_A_BATCH)]
        if send_logs(self._otlp, [record(name) for name in names], self.service, client):
            self.records += names
        else:
            self.refused += 1

    def _line(self, _: httpx.Client) -> None:
        if self._file is None:
            return
        name = f"line x{secrets.token_hex(8)}"
        with self._file.open("a") as file:
            file.write(json.dumps({"level": "info", "message": name, "service": self.service}) + "\n")
        self.lines.append(name)

    def must_all_be_there(self, loki: str, jaeger: str, patience: float = 180) -> None:
        """Raises AssertionError with what is missing after `patience` seconds."""
        assert self.traces, "no trace was acknowledged: there is nothing to count"
        assert self.records, "no log record was acknowledged: there is nothing to count"
        wanted = set(self.records + self.lines)
        missing: set[str] = wanted

        def logs_arrived() -> bool:
            nonlocal missing
            missing = wanted - {entry["line"] for entry in self._in_loki(loki)}
            return not missing

        incomplete = set(self.traces)

        def traces_arrived() -> bool:
            found = [trace for trace in incomplete if len(trace_in_jaeger(jaeger, trace)) == SPANS_IN_A_TRACE]
            incomplete.difference_update(found)
            return not incomplete

        try:
            eventually(logs_arrived, "every acknowledged log line in Loki", patience)
            eventually(traces_arrived, "every acknowledged trace in Jaeger", patience)
        except AssertionError as error:
            counts = (
                f"missing: {Counter(name.split()[0] for name in missing)} of {len(self.records)} records and"
                f" {len(self.lines)} lines, {len(incomplete)} of {len(self.traces)} traces"
            )
            raise AssertionError(f"{error}; {counts}") from None

    def copies(self, loki: str) -> int:
        """How many lines are in Loki more than once."""
        times = Counter(entry["line"] for entry in self._in_loki(loki))
        return sum(count - 1 for count in times.values())

    def _in_loki(self, loki: str) -> list[dict[str, object]]:
        return lines_in_loki(loki, f'{{service_name="{self.service}"}}', self.started - 60)
