"""Names of documented modules that have moved."""

import importlib
import subprocess
import sys

import pytest
import signalfire
from signalfire._internal.moved import MOVED


@pytest.mark.parametrize(("name", "home"), MOVED.items())
def test_a_module_can_be_imported_by_the_name_that_it_had(
    name: str, home: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, name, raising=False)
    with pytest.warns(DeprecationWarning, match=f"{name} has moved to {home}"):
        old = importlib.import_module(name)
    new = importlib.import_module(home)
    public = {key for key in vars(new) if not key.startswith("_")}
    assert all(getattr(old, key) is getattr(new, key) for key in public)
    assert new.__name__ == home


def test_an_import_from_an_old_name_gives_the_same_function_and_others_stay_missing() -> None:
    program = "from signalfire.threads import instrument_threads as f; import signalfire; print(f.__module__)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "signalfire.context.threads\n"
    assert signalfire.instrument_threads.__module__ == "signalfire.context.threads"
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("signalfire.never_was")
