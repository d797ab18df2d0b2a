"""What every test here starts with."""

import pytest


@pytest.fixture(params=["flask", "django", "plain"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)
