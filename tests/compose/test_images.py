"""The images as a real engine has them: what they hold, as whom they run, and that only what changed is built again."""

import re
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker
import pytest

from kit.images import Image, ImageUnavailableError, can_be_built, ensure, listed, outlook
from kit.images import ensuring as ensuring_module
from kit.images.recipes import Recipe, recipe_of
from kit.paths import ROOT
from kit.runtimes.compose import engine

IMAGES = [image for image in listed(ROOT / "compose" / "compose.yaml") if can_be_built(image)]
PYTHON = next(image for image in IMAGES if image.repository == "signalfire/python")
SERVERS = [image for image in IMAGES if image is not PYTHON]
# What each answers with its version, where that is not --version.
ASKED = {"jaeger": ["version"]}


@pytest.fixture(scope="module")
def client() -> docker.DockerClient:
    problem = engine.problem()
    assert problem is None, problem
    return engine.connect()


@pytest.fixture(scope="module")
def came(client: docker.DockerClient) -> dict[str, str]:
    """How each image came; the first time this takes minutes."""
    return ensure(client, IMAGES, lambda *_: None, offline=True)


@pytest.fixture
def own_names(client: docker.DockerClient, came: dict[str, str]) -> Iterator[list[Image]]:
    """The images that are quickly built, once more under names of their own: those in use stay as they are."""
    chosen = [image for image in IMAGES if image.service in ("node_exporter", "collector") or image is PYTHON]
    own = [Image(image.service, f"test.invalid/{image.name}") for image in chosen]
    yield own
    for image in own:
        client.images.remove(image.name, force=True)


def run(client: docker.DockerClient, image: Image, command: list[str], **settings: Any) -> str:
    """What the command says in a container that may do nothing."""
    said = client.containers.run(
        image.name,
        command,
        read_only=True,
        cap_drop=["ALL"],
        security_opt=["no-new-privileges"],
        network_mode="none",
        remove=True,
        stdout=True,
        stderr=True,
        **settings,
    )
    return str(said.decode())


def release(image: Image) -> str:
    """As servers/ has it; Debian's program has the version of the tag, or is not taken."""
    file = ROOT / "servers" / image.service / "build.toml"
    if file.is_file():
        return str(tomllib.loads(file.read_text())["release"])
    return image.tag.removeprefix("v").removesuffix("-alpine")


@pytest.mark.parametrize("image", IMAGES, ids=lambda image: image.service)
def test_nothing_runs_as_root(client: docker.DockerClient, came: dict[str, str], image: Image) -> None:
    user = client.images.get(image.name).attrs["Config"]["User"]
    assert re.fullmatch(r"nobody|[1-9]\d{3,}(:[1-9]\d{3,})?", user), user


@pytest.mark.parametrize("image", SERVERS, ids=lambda image: image.service)
def test_each_server_says_its_release_where_it_may_write_nothing(
    client: docker.DockerClient, came: dict[str, str], image: Image
) -> None:
    said = run(client, image, ASKED.get(image.service, ["--version"]))
    assert re.search(rf"(?<![\d.]){re.escape(release(image))}(?![\d.])", said), said


@pytest.mark.parametrize(
    ("service", "folder"),
    [
        ("prometheus", "/prometheus"),
        ("alertmanager", "/alertmanager"),
        ("jaeger", "/tmp"),
        ("collector", "/var/lib/collector"),
        (PYTHON.service, "/var/lib/demo"),
        (PYTHON.service, "/var/log/signalfire"),
    ],
)
def test_a_new_volume_can_be_written_by_the_images_user(
    client: docker.DockerClient, came: dict[str, str], service: str, folder: str
) -> None:
    image = next(image for image in IMAGES if image.service == service)
    volume = client.volumes.create()
    try:
        mount = {volume.name: {"bind": folder, "mode": "rw"}}
        command = ["-c", f"echo written > {folder}/file && cat {folder}/file"]
        assert run(client, image, command, entrypoint="sh", volumes=mount) == "written\n"
    finally:
        volume.remove()


def test_loki_can_write_a_new_volume_without_a_shell(client: docker.DockerClient, came: dict[str, str]) -> None:
    image = next(image for image in IMAGES if image.service == "loki")
    container = client.containers.create(image.name)
    try:
        _, stat = container.get_archive("/loki/rules")
        archive, _ = container.get_archive("/loki")
        header = next(iter(archive))
        owner = int(header[108:115], 8)  # the uid of a tar's first entry
    finally:
        container.remove()
    assert owner == 10001
    assert stat
    assert stat["name"] == "rules"
    shell = client.containers.create(image.name, entrypoint="sh")
    try:
        with pytest.raises(docker.errors.APIError, match="sh"):
            shell.start()
    finally:
        shell.remove()


@pytest.mark.parametrize(
    "command",
    [
        ["python", "-c", "import examples.adplatform.api, signalfire"],
        ["python", "-m", "grafana.viewer.server", "--version"],
        ["test", "-s", "page/index.html"],
        ["test", "-s", "runbooks/Watchdog.md"],
        ["wget", "--help"],
    ],
    ids=lambda command: " ".join(command),
)
def test_our_python_is_complete(client: docker.DockerClient, came: dict[str, str], command: list[str]) -> None:
    run(client, PYTHON, command)


def test_our_python_has_all_its_bytecode_and_no_installer(client: docker.DockerClient, came: dict[str, str]) -> None:
    program = (
        "import importlib.util, sys, examples.adplatform.api, grafana.viewer.server.app\n"
        "print(*[m.__file__ for m in list(sys.modules.values()) if (getattr(m, '__file__', None) or '').endswith('.py')"
        " and not __import__('os').path.exists(importlib.util.cache_from_source(m.__file__))])\n"
        "print(importlib.util.find_spec('pip'))\n"
    )
    assert run(client, PYTHON, ["python", "-c", program]) == "\nNone\n"


def test_no_setting_of_this_machine_is_left_in_our_images(client: docker.DockerClient, came: dict[str, str]) -> None:
    for image in IMAGES:
        attributes = client.images.get(image.name)
        told = str(attributes.attrs["Config"]["Env"]) + str(attributes.history())
        for word in ("INDEX_URL", "GOPROXY=", "npm_config_registry=", "proxy="):
            assert word not in told, image.name


def test_what_is_there_is_found_and_nothing_built(client: docker.DockerClient, came: dict[str, str]) -> None:
    before = {image.name: client.images.get(image.name).id for image in IMAGES}
    assert ensure(client, IMAGES, lambda *_: None, offline=True) == dict.fromkeys(before, "found")
    assert {name: client.images.get(name).id for name in before} == before


@pytest.mark.parametrize(
    ("file", "rebuilt"),
    [
        ("compose/offline/node_exporter.Dockerfile", "node_exporter"),
        ("runbooks/Watchdog.md", PYTHON.service),
    ],
)
def test_only_the_image_whose_input_was_touched_is_built_again(
    client: docker.DockerClient,
    own_names: list[Image],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    file: str,
    rebuilt: str,
) -> None:
    in_use = {image.name: client.images.get(image.name).id for image in IMAGES}
    tree = copied(tmp_path / "tree")

    def from_tree(image: Image) -> Recipe | None:
        return recipe_of(image, tree)

    monkeypatch.setattr(ensuring_module, "recipe_of", from_tree)
    assert set(ensure(client, own_names, lambda *_: None, offline=True).values()) == {"built"}
    (tree / file).write_text((tree / file).read_text() + "\n# touched\n")
    came = ensure(client, own_names, lambda *_: None, offline=True)
    assert {image.service for image in own_names if came[image.name] == "built"} == {rebuilt}
    assert set(ensure(client, own_names, lambda *_: None, offline=True).values()) == {"found"}
    assert {name: client.images.get(name).id for name in in_use} == in_use


def test_interrupted_it_goes_on_where_it_was(client: docker.DockerClient, own_names: list[Image]) -> None:
    first, second, *_ = own_names

    def interrupt(service: str, state: str, _detail: str) -> None:
        if (service, state) == (second.service, "building"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ensure(client, own_names, interrupt, offline=True)
    said = outlook(client, own_names, besides=[])
    assert first.name not in said
    assert second.name in said
    came = ensure(client, own_names, lambda *_: None, offline=True)
    assert came[first.name] == "found"
    assert came[second.name] == "built"
    assert outlook(client, own_names, besides=[]) == ""


def test_where_no_registry_answers_an_image_is_built_under_its_name(
    client: docker.DockerClient, came: dict[str, str]
) -> None:
    silent = "127.0.0.1:1"  # nothing listens there
    exporter = next(image for image in IMAGES if image.service == "node_exporter")
    built = Image("node_exporter", f"{silent}/{exporter.name}")
    missing = Image("grafana", f"{silent}/grafana/grafana:1")
    said: list[tuple[str, str]] = []
    try:
        with pytest.raises(ImageUnavailableError, match=r"grafana:1: .*connection refused"):
            ensure(client, [missing, built], lambda service, state, _: said.append((service, state)))
        assert run(client, built, ["--version"])
    finally:
        client.images.remove(built.name, force=True)
    assert list(dict.fromkeys(said)) == [
        ("grafana", "pulling"),
        ("node_exporter", "building"),
        ("node_exporter", "ready"),
    ]


def copied(tree: Path) -> Path:
    """A repository of its own with the tracked files of this one, and the images' files if they are not tracked yet."""
    names = subprocess.run(
        ["git", "ls-files", "-z", "--cached"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split("\0")
    for name in filter(None, names):
        if (ROOT / name).is_file():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, tree / name)
    shutil.copytree(ROOT / "compose", tree / "compose", dirs_exist_ok=True)
    subprocess.run(["git", "init", "--quiet"], cwd=tree, check=True)
    subprocess.run(["git", "add", "--all"], cwd=tree, check=True)
    return tree
