"""The exceptions that a task says may happen."""

from typing import Any

import pytest
from signalfire.workers.tasks import classes_of


@pytest.mark.parametrize(
    ("throws", "expected"),
    [
        ((), ()),
        (None, ()),
        (KeyError, (KeyError,)),
        ((KeyError, ValueError), (KeyError, ValueError)),
        ([KeyError], (KeyError,)),
    ],
)
def test_one_class_is_as_good_as_a_tuple_of_them(throws: Any, expected: tuple[type[BaseException], ...]) -> None:
    assert classes_of(throws) == expected
