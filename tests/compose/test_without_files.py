"""Stopped and deleted without what `make up` has rendered: it was interrupted early, or `.signalfire` was deleted."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from kit import images
from kit.runtimes.compose import engine
from kit.runtimes.compose.up import images_of
from tests.compose.running import Containers, write_settings


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Containers]:
    """One container of a stack, as compose labels it, and its network and volume."""
    stack = write_settings(tmp_path)
    client, name = engine.connect(), stack.project.name
    [image] = [image for image in images_of(["viewer"]) if image.service == "dashboards"]
    images.ensure(client, [image], lambda *_: None)
    label = {"com.docker.compose.project": name}
    network = client.networks.create(f"{name}_default", labels=label)
    client.volumes.create(f"{name}_loki", labels=label | {"com.docker.compose.volume": "loki"})
    client.containers.run(
        image.name,
        ["python", "-c", "import signal; signal.signal(15, lambda *_: exit()); signal.pause()"],
        labels=label | {"com.docker.compose.oneoff": "False", "com.docker.compose.service": "loki"},
        network=network.name,
        detach=True,
    )
    try:
        yield stack
    finally:
        stack.project.delete()


def test_without_the_state_folder_the_containers_are_stopped(stack: Containers) -> None:
    done = stack.command("down")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Stopping loki" in done.stdout
    assert stack.containers() == {}
    assert stack.project.volume_sizes().keys() == {"loki"}


def test_without_the_state_folder_the_data_is_deleted(stack: Containers) -> None:
    done = stack.command("clean", "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    assert stack.containers() == {}
    assert stack.project.volume_sizes() == {}


def test_after_an_interrupted_start_there_is_nothing_to_stop(stack: Containers, tmp_path: Path) -> None:
    stack.project.down()
    (tmp_path / ".signalfire" / "run").mkdir(parents=True)
    (tmp_path / ".signalfire" / "run" / "runtime").write_text("compose")
    done = stack.command("down")
    assert (done.returncode, done.stdout.strip()) == (0, "Nothing runs.")
