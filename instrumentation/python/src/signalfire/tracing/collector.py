"""The OTLP exporter and its HTTP connection to the collector."""

import os
from typing import Any

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from requests import PreparedRequest, Response, Session
from requests.adapters import HTTPAdapter
from requests.exceptions import ConnectionError as RequestsConnectionError
from urllib3.exceptions import MaxRetryError, NewConnectionError

from signalfire._internal import fork

_CREDENTIAL_PROVIDERS = (
    "OTEL_PYTHON_EXPORTER_OTLP_HTTP_CREDENTIAL_PROVIDER",
    "OTEL_PYTHON_EXPORTER_OTLP_HTTP_TRACES_CREDENTIAL_PROVIDER",
)


class CollectorExporter(OTLPSpanExporter):
    """OpenTelemetry's exporter, which also knows whether anybody listens at the collector's address."""

    def __init__(self, endpoint: str | None = None) -> None:
        """`endpoint`: where to, with the path; else OpenTelemetry's variables are read."""
        self._connection = _Connection()
        # A credential provider makes the session itself.
        provided = any(os.environ.get(variable) for variable in _CREDENTIAL_PROVIDERS)
        super().__init__(endpoint=endpoint, session=None if provided else self._connection.session)

    @property
    def destination(self) -> str:
        """The collector as a log line names it."""
        return f"the collector at {self._endpoint}"

    def refused(self) -> bool:
        """Whether the last attempt found nobody who listens: no such port, no such host. False before the first."""
        return self._connection.refused


class _Connection:
    """A session with new connections after a fork: parent and child must not write on the same one."""

    def __init__(self) -> None:
        self.session = Session()
        self.refused = False
        self._inherited: list[object] = []
        self._mount()
        fork.after_in_child(self._connect_anew)

    def _connect_anew(self) -> None:
        # Kept, because closing them takes locks that a thread of the parent may have held when it forked.
        self._inherited.extend(self.session.adapters.values())
        self._mount()

    def _mount(self) -> None:
        for scheme in ("https://", "http://"):
            self.session.mount(scheme, _Adapter(self))


class _Adapter(HTTPAdapter):
    def __init__(self, connection: _Connection) -> None:
        super().__init__()
        self._connection = connection

    def send(self, request: PreparedRequest, *args: Any, **kwargs: Any) -> Response:
        try:
            response = super().send(request, *args, **kwargs)
        except RequestsConnectionError as error:
            self._connection.refused = _is_refusal(error)
            raise
        self._connection.refused = False
        return response


def _is_refusal(error: RequestsConnectionError) -> bool:
    cause = error.args[0] if error.args else None
    return isinstance(cause, MaxRetryError) and isinstance(cause.reason, NewConnectionError)
