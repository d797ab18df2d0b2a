"""What the collector masks once more: expressions of RE2, tried here as far as Python's are the same."""

import re

import pytest

from kit.benchmarks.library.identifiers import identifiers
from kit.render.jsonnet import evaluate

VALUES = [re.compile(value) for value in evaluate("(import 'collector/redaction.libsonnet').values")]
KINDS = (
    "UUIDs, version 4",
    "ids of Celery's tasks, in its lines",
    "floats",
    "SHA-1 hashes, git commits",
    "traceparent headers",
    "packages with their versions",
    "ARNs",
    "timestamps",
    "snowflakes of Discord",
    "Kubernetes pods",
)


@pytest.mark.parametrize("kind", KINDS)
def test_no_identifier_is_redacted(kind: str) -> None:
    assert [found for found in identifiers(kind, 2000) if any(value.search(found) for value in VALUES)] == []


@pytest.mark.parametrize(
    "text",
    [
        "card 4111111111111111",
        "4111 1111 1111 1111",
        "5555-5555-5555-4444",
        "378282246310005",
        "3782 822463 10005",
        "joe@example.com",
        "joe@163.com",
        "secret=hunter2",
        '"secret": "hunter2"',
        "secret: hunter2",
        "client_secret=hunter2",
        "sk_live_abcdefghijkl",
    ],
)
def test_secrets_are(text: str) -> None:
    assert any(value.search(text) for value in VALUES)
