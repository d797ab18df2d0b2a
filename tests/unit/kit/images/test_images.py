"""Which images there are, what decides their content, what is sent to the engine, and what its errors mean."""

import os
import re
import shutil
import subprocess
import tarfile
import tomllib
from collections.abc import Callable, Iterator
from fnmatch import fnmatch
from pathlib import Path

import pytest

from kit.build import Artifact, all_artifacts, artifacts
from kit.build.errors import MissingToolError
from kit.build.outlook import GOES_ON
from kit.images import (
    Image,
    ImageError,
    ImageUnavailableError,
    can_be_built,
    dockerfile,
    ensuring,
    listed,
    outlook,
    recipes,
)
from kit.images.building import CONTENT, PullError
from kit.images.context import nobodys, packed, tracked
from kit.images.errors import refused, registry_is_unreachable
from kit.images.offline.packages import Package
from kit.images.recipes import Recipe, around_builds, is_compiled_here, recipe_of
from kit.paths import ROOT

COMPOSE_FILE = ROOT / "compose" / "compose.yaml"
DOCKERFILE = (ROOT / "compose" / "Dockerfile").read_text()
IMAGES = listed(COMPOSE_FILE)
COLLECTOR = next(image for image in IMAGES if image.repository == "signalfire/collector")
PYTHON = next(image for image in IMAGES if image.repository == "signalfire/python")
UPSTREAM = [image for image in IMAGES if can_be_built(image) and image not in (COLLECTOR, PYTHON)]
FROM_SERVERS = [image for image in UPSTREAM if (ROOT / "servers" / image.service).is_dir()]

# The words of Docker's engine 20.10, from pulls of a closed port, an unknown host, a silent one and a small server that
# answers as a registry, a proxy or a filter may; the last three are those of newer engines and of TLS.
UNREACHABLE = (
    'Get "http://127.0.0.1:1/v2/": dial tcp 127.0.0.1:1: connect: connection refused',
    'Get "https://registry.invalid/v2/": dial tcp: lookup registry.invalid on 10.0.0.53:53: no such host',
    'Get "http://127.0.0.1:37921/v2/": net/http: request canceled (Client.Timeout exceeded while awaiting headers)',
    "received unexpected HTTP status: 503 Service Unavailable",
    "error parsing HTTP 403 response body: invalid character '<' looking for beginning of value: \"<html>No</html>\"",
    "toomanyrequests: You have reached your pull rate limit.",
    'failed to resolve reference "a.invalid/a/b:1": failed to do request: Head "https://a.invalid/v2/": EOF',
    'Get "https://a.invalid/v2/": tls: failed to verify certificate: x509: certificate signed by unknown authority',
    'Get "https://registry.invalid/v2/": context deadline exceeded',
)
UNKNOWN = ("manifest unknown", "name unknown", "manifest for a/b:1 not found: manifest unknown: manifest unknown")
DENIED = (
    "denied",
    "unauthorized",
    "denied: requested access to the resource is denied",
    "pull access denied for a/b, repository does not exist or may require 'docker login': denied: requested access "
    "to the resource is denied",
)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A repository of its own with what the images are made of."""
    root = tmp_path / "tree"
    for folder in ("compose", "servers", "runbooks", "examples", "instrumentation", "grafana/viewer"):
        skipped = shutil.ignore_patterns("node_modules", "dist", "__pycache__", ".*_cache")
        shutil.copytree(ROOT / folder, root / folder, ignore=skipped)
    shutil.copy(ROOT / "requirements.txt", root)
    git(root, "init", "--quiet")
    git(root, "add", "--all")
    return root


def git(root: Path, *arguments: str) -> None:
    subprocess.run(["git", "-C", str(root), *arguments], check=True)


def recipe(image: Image, root: Path = ROOT) -> Recipe:
    found = recipe_of(image, root)
    assert found is not None
    return found


def contents(root: Path) -> dict[str, str | None]:
    return {image.service: recipe(image, root).content for image in (*UPSTREAM, COLLECTOR, PYTHON)}


def append(*lines: str) -> Callable[[Path], None]:
    def change(file: Path) -> None:
        file.write_text(file.read_text() + "".join(f"{line}\n" for line in lines))

    return change


def test_images_are_listed_in_their_order_and_shared_ones_once(tmp_path: Path) -> None:
    file = tmp_path / "compose.yaml"
    file.write_text(
        "services:\n"
        "  b: {image: 'host.invalid:5000/prom/b:v2'}\n"
        "  one: {image: 'signalfire/python:1'}\n"
        "  two: {image: 'signalfire/python:1'}\n"
        "  a: {image: 'a:1'}\n"
    )
    found = listed(file)
    assert found == [
        Image("b", "host.invalid:5000/prom/b:v2"),
        Image("one", "signalfire/python:1"),
        Image("a", "a:1"),
    ]
    assert (found[0].repository, found[0].tag) == ("host.invalid:5000/prom/b", "v2")


@pytest.mark.parametrize("image", ["prom/b", "host.invalid:5000/prom/b", "prom/b:${VERSION}", ""])
def test_an_image_without_a_full_name_is_refused_by_service(tmp_path: Path, image: str) -> None:
    file = tmp_path / "compose.yaml"
    file.write_text(f"services:\n  b: {{image: '{image}'}}\n")
    with pytest.raises(ImageError, match=r"services\.b\.image"):
        listed(file)


def test_all_but_grafana_can_be_built() -> None:
    # Where Debian has another version of redis_exporter, that image is pulled or not there.
    assert {image.service for image in IMAGES if not can_be_built(image)} - {"redis_exporter"} == {"grafana"}


def test_a_program_of_debian_is_taken_in_the_wanted_version_alone() -> None:
    assert not can_be_built(Image("redis_exporter", "oliver006/redis_exporter:v9.9.9-alpine"))


@pytest.mark.parametrize(
    ("version", "release"), [("1.45.0-2+b4", "1.45.0"), ("1:2.3-1ubuntu1", "2.3"), ("1.0-rc1-3", "1.0-rc1")]
)
def test_debians_version_holds_upstreams(version: str, release: str) -> None:
    assert Package("any", version).release == release


@pytest.mark.parametrize(
    ("file", "change", "changed"),
    [
        ("compose/offline/node_exporter.Dockerfile", append("# changed"), {"node_exporter"}),
        ("compose/offline/busybox.Dockerfile", append("# changed"), {image.service for image in UPSTREAM}),
        ("requirements.txt", append("# changed"), {PYTHON.service}),
        ("runbooks/Watchdog.md", append("changed"), {PYTHON.service}),
        ("examples/adplatform/queue.py", append("# changed"), {PYTHON.service}),
        ("instrumentation/python/src/signalfire/logs/line.py", append("# changed"), {PYTHON.service}),
        ("grafana/viewer/src/main.ts", append("// changed"), {PYTHON.service}),
        ("grafana/viewer/server/app.py", append("# changed"), {PYTHON.service}),
        ("servers/collector/main.go", append("// changed"), {"collector"}),
        ("grafana/viewer/gallery.json", append(""), set()),
    ],
)
def test_a_change_of_a_file_changes_the_images_made_of_it(
    tree: Path, file: str, change: Callable[[Path], None], changed: set[str]
) -> None:
    before = contents(tree)
    change(tree / file)
    after = contents(tree)
    assert {service for service in before if before[service] != after[service]} == changed


def test_a_stage_of_the_dockerfile_changes_the_images_that_need_it(tree: Path) -> None:
    file = tree / "compose" / "Dockerfile"
    before = contents(tree)
    file.write_text(DOCKERFILE.replace("RUN go mod download", "RUN go mod download -x"))
    after = contents(tree)
    assert {service for service in before if before[service] != after[service]} == {"collector"}


def test_another_binary_is_another_image(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = contents(ROOT)
    (tmp_path / "promtool").write_text("my own")
    monkeypatch.setenv("SIGNALFIRE_BIN_DIR", str(tmp_path))
    after = contents(ROOT)
    assert {service for service in before if before[service] != after[service]} == {"prometheus"}
    (tmp_path / "collector").write_text("my own")
    assert recipe(COLLECTOR).content != before[COLLECTOR.service]
    assert recipe(UPSTREAM[0]).inputs(lambda _: None)["promtool"] == tmp_path / "promtool"


@pytest.mark.parametrize("image", [*FROM_SERVERS, COLLECTOR], ids=lambda image: image.service)
def test_an_image_never_claims_another_version_than_it_is(image: Image) -> None:
    with pytest.raises(ImageError, match=rf"servers/{image.service}/build\.toml"):
        recipe_of(Image(image.service, f"{image.repository}:9.9.9"))


def test_only_tracked_files_are_sent_and_no_secret(tree: Path) -> None:
    strays = (
        ".env",
        "examples/.env",
        "examples/adplatform/__pycache__/queue.pyc",
        "examples/secret.key",
        ".signalfire/secrets/password",
        ".venv/bin/python",
        "grafana/viewer/src/.env.local",
        "runbooks/.signalfire/notes",
    )
    for stray in strays:
        (tree / stray).parent.mkdir(parents=True, exist_ok=True)
        (tree / stray).write_text("stray")
    names = set(recipe(PYTHON, tree).inputs(lambda _: None))
    assert not names & set(strays)
    assert {"requirements.txt", "examples/adplatform/queue.py", "grafana/viewer/src/main.ts"} <= names
    assert not [name for name in names if name.startswith(("servers/", "tests/", "scripts/", ".git"))]


def test_what_is_sent_belongs_to_root_and_may_be_read_by_all(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir(mode=0o700)
    for name, mode in (("private", 0o600), ("program", 0o700)):
        (tmp_path / "folder" / name).write_text(name)
        (tmp_path / "folder" / name).chmod(mode)
    with packed("FROM scratch\n", {"deep/down": tmp_path / "folder"}) as file, tarfile.open(fileobj=file) as archive:
        entries = {entry.name: (entry.mode, entry.uid, entry.uname) for entry in archive if entry.name != "Dockerfile"}
    assert entries == {
        "deep": (0o755, 0, ""),
        "deep/down": (0o755, 0, ""),
        "deep/down/private": (0o644, 0, ""),
        "deep/down/program": (0o755, 0, ""),
    }


def test_nobodys_name_is_sent() -> None:
    entry = tarfile.TarInfo("file")
    entry.uid = entry.gid = 1000
    entry.uname = entry.gname = "me"
    sent = nobodys(entry)
    assert (sent.uid, sent.gid, sent.uname, sent.gname) == (0, 0, "", "")


def test_outside_a_clone_the_error_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    with pytest.raises(ImageError, match="clone of the repository"):
        tracked(tmp_path, ["examples"])


def test_a_target_is_sent_without_the_stages_that_it_does_not_need() -> None:
    collector = dockerfile.only(DOCKERFILE, "collector")
    assert "go build" in collector
    assert "npm" not in collector
    assert "pip install" not in collector
    python = dockerfile.only(DOCKERFILE, "python")
    assert "AS busybox" in python
    assert "go build" not in python
    assert dockerfile.base_arguments(collector) == ["BUSYBOX_IMAGE", "GO_IMAGE"]
    assert dockerfile.base_arguments(python) == ["BUSYBOX_IMAGE", "NODE_IMAGE", "PYTHON_IMAGE"]


@pytest.mark.parametrize(
    ("image", "output", "bases"),
    [(COLLECTOR, "collector", ["BUSYBOX_IMAGE"]), (PYTHON, "dist", ["BUSYBOX_IMAGE", "PYTHON_IMAGE"])],
    ids=["collector", "python"],
)
def test_around_this_machines_builds_nothing_is_compiled_in_the_engine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, image: Image, output: str, bases: list[str]
) -> None:
    (tmp_path / output).mkdir()
    (tmp_path / output / "built").write_text("by this machine")
    monkeypatch.setenv("SIGNALFIRE_BIN_DIR", str(tmp_path))
    plain = recipe(image)
    assert is_compiled_here(plain)
    around = around_builds(plain)
    assert dockerfile.base_arguments(around.dockerfile) == bases
    assert not re.search(r"go build|npm", around.dockerfile)
    assert around.content == plain.content
    inputs = around.inputs(lambda _: None)
    assert inputs[output] == tmp_path / output
    # What its COPY lines take is sent, and nothing else.
    copied = dockerfile.copied(around.dockerfile)
    assert not [path for path in copied if not any(_is_of(name, path) for name in inputs)]
    assert [name for name in inputs if not any(_is_of(name, path) for path in copied)] in ([], ["ca-certificates.crt"])


def _is_of(name: str, path: str) -> bool:
    return name == path or name.startswith(f"{path}/")


def test_the_dockerfile_repeats_what_stands_elsewhere() -> None:
    """The versions' one place cannot be read from a Dockerfile: it must say the same."""
    defaults = dockerfile.arguments(DOCKERFILE)
    go = next(
        line.split()[1] for line in (ROOT / "servers/collector/go.mod").read_text().splitlines() if line[:3] == "go "
    )
    assert defaults["GO_IMAGE"] == f"golang:{go}-bookworm"
    assert defaults["COLLECTOR_VERSION"] == all_artifacts()["collector"].release == COLLECTOR.tag
    project = tomllib.loads((ROOT / "instrumentation/python/pyproject.toml").read_text())["project"]
    assert defaults["SIGNALFIRE_VERSION"] == project["version"] == PYTHON.tag
    built = dockerfile.only(DOCKERFILE, "collector").replace("\\\n", " ").replace('"', "")
    for flag in all_artifacts()["collector"].commands[0][3:-3]:
        assert flag.replace(defaults["COLLECTOR_VERSION"], "${COLLECTOR_VERSION}") in built


def test_compose_build_may_send_what_is_copied_and_nothing_beside_it() -> None:
    allowed = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    copied = dockerfile.copied(DOCKERFILE)
    for path in copied:
        assert any(path == one or path.startswith(f"{one}/") for one in allowed), path
    for one in allowed:
        assert any(path == one or path.startswith(f"{one}/") for path in copied), one
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    assert next(line for line in lines if not line.startswith("#")) == "*"
    denied = lines[max(number for number, line in enumerate(lines) if line.startswith("!")) :]
    for secret in (".env", ".env.local", "__pycache__"):
        assert any(fnmatch(f"examples/{secret}", pattern) for pattern in denied), secret


def test_the_busybox_images_take_the_same_base() -> None:
    base = dockerfile.arguments(DOCKERFILE)["BUSYBOX_IMAGE"]
    for image in UPSTREAM:
        assert f"FROM {base}" in (ROOT / f"compose/offline/{image.service}.Dockerfile").read_text()


@pytest.mark.parametrize("said", UNREACHABLE)
def test_an_engine_that_cannot_reach_the_registry_is_understood(said: str) -> None:
    assert registry_is_unreachable(said)


@pytest.mark.parametrize(
    ("said", "reason"),
    [*((said, "has no such image") for said in UNKNOWN), *((said, "denies access") for said in DENIED)],
)
def test_a_registry_that_says_no_is_another_error(said: str, reason: str) -> None:
    assert not registry_is_unreachable(said)
    error = refused("prom/b:v2", said)
    assert reason in str(error)
    assert "prom/b:v2" in str(error)
    assert not isinstance(error, ImageUnavailableError)


class Engine:
    """Stands in for what kit.images.building does with the engine."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, pull_says: str = "", *, is_compiled_here: bool = False) -> None:
        self.images: dict[str, dict[str, str]] = {}
        self.pulled: list[str] = []
        self.built: list[str] = []
        self.compiled_in_the_engine: list[str] = []
        self._pull_says = pull_says
        monkeypatch.setattr("kit.images.building.labels_of", lambda _, name: self.images.get(name))
        monkeypatch.setattr("kit.images.building.pull", self._pull)
        monkeypatch.setattr("kit.images.building.build", self._build)
        monkeypatch.setattr("kit.images.building.runs_what_is_built_here", lambda _: True)
        monkeypatch.setattr("kit.images.ensuring.is_compiled_here", lambda _: is_compiled_here)
        monkeypatch.setattr("kit.images.offline.bases.Bases.for_argument", lambda _, name: f"offline-{name}")
        monkeypatch.setattr("kit.images.offline.bases.Bases.busybox", lambda _: "busybox")
        monkeypatch.setattr("kit.images.recipes._built", lambda *_: Path(os.devnull))
        monkeypatch.setattr("kit.images.recipes._artifact", lambda *_: Path(os.devnull))

    def ensure(self, images: list[Image], offline: bool = False) -> dict[str, str]:
        return ensuring.ensure(None, images, lambda *_: None, offline)  # type: ignore[arg-type]

    def _pull(self, _client: object, name: str, _watch: object) -> None:
        self.pulled.append(name)
        if self._pull_says:
            raise PullError(self._pull_says)
        self.images[name] = {}

    def _build(self, _client: object, name: str, text: str, *_: object, content: str, **__: object) -> None:
        self.built.append(name)
        if "RUN CGO_ENABLED=0 go build" in text or "RUN npm" in text:
            self.compiled_in_the_engine.append(name)
        self.images[name] = {CONTENT: content}


def test_where_the_registry_answers_upstreams_images_are_pulled_and_ours_built(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Engine(monkeypatch)
    came = engine.ensure(IMAGES)
    assert {name for name, how in came.items() if how == "built"} == {COLLECTOR.name, PYTHON.name}
    assert {name for name, how in came.items() if how == "pulled"} == {
        image.name for image in IMAGES if image not in (COLLECTOR, PYTHON)
    }
    assert engine.ensure(IMAGES) == dict.fromkeys(came, "found")
    assert engine.compiled_in_the_engine == [COLLECTOR.name, PYTHON.name]


def test_what_this_machine_has_compiled_is_not_compiled_again(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Engine(monkeypatch, is_compiled_here=True)
    assert engine.ensure([COLLECTOR, PYTHON]) == dict.fromkeys([COLLECTOR.name, PYTHON.name], "built")
    assert engine.compiled_in_the_engine == []
    defaults = dockerfile.arguments(DOCKERFILE)
    assert engine.pulled == [defaults["BUSYBOX_IMAGE"], defaults["PYTHON_IMAGE"]]


def test_without_a_registry_no_compiler_is_put_into_an_image(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Engine(monkeypatch, pull_says=UNREACHABLE[0])
    engine.ensure([COLLECTOR, PYTHON])
    assert engine.built == [COLLECTOR.name, PYTHON.name]
    assert engine.compiled_in_the_engine == []


def test_an_unreachable_registry_is_asked_once_and_all_that_can_be_is_built(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Engine(monkeypatch, pull_says=UNREACHABLE[0])
    with pytest.raises(ImageUnavailableError, match=r"cannot be reached .*connection refused"):
        engine.ensure(IMAGES)
    assert engine.pulled == [IMAGES[0].name]
    assert engine.built == [image.name for image in IMAGES if can_be_built(image)]


def test_offline_no_registry_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Engine(monkeypatch)
    assert set(engine.ensure(UPSTREAM, offline=True).values()) == {"built"}
    assert engine.pulled == []


def test_an_image_that_the_registry_refuses_is_not_built_in_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Engine(monkeypatch, pull_says=UNKNOWN[0])
    with pytest.raises(ImageError, match="has no such image"):
        engine.ensure(UPSTREAM)
    assert engine.built == []


def test_an_outdated_image_is_built_again_and_a_pulled_one_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Engine(monkeypatch)
    engine.images = {
        UPSTREAM[0].name: {CONTENT: "another"},
        UPSTREAM[1].name: {},
        COLLECTOR.name: {},
        PYTHON.name: {CONTENT: str(recipe(PYTHON).content)},
    }
    came = engine.ensure([UPSTREAM[0], UPSTREAM[1], COLLECTOR, PYTHON], offline=True)
    assert came == {
        UPSTREAM[0].name: "built",
        UPSTREAM[1].name: "found",
        COLLECTOR.name: "built",
        PYTHON.name: "found",
    }


def test_a_machine_without_go_takes_the_images_that_were_brought_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kit.images.recipes._digest", lambda *_: None)
    engine = Engine(monkeypatch)
    engine.images = {UPSTREAM[0].name: {CONTENT: "made elsewhere"}}
    assert engine.ensure([UPSTREAM[0]], offline=True) == {UPSTREAM[0].name: "found"}


@pytest.mark.parametrize("image", [UPSTREAM[0], COLLECTOR, PYTHON], ids=lambda image: image.service)
def test_an_engine_of_another_kind_is_given_nothing_that_this_machine_built(
    monkeypatch: pytest.MonkeyPatch, image: Image
) -> None:
    engine = Engine(monkeypatch, pull_says=UNREACHABLE[0], is_compiled_here=True)
    monkeypatch.setattr("kit.images.building.runs_what_is_built_here", lambda _: False)
    with pytest.raises(ImageError, match=r"connection refused.*does not run in this engine.*docker save"):
        engine.ensure([image])
    assert engine.built == []


@pytest.fixture
def without_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    artifacts._go_version.cache_clear()
    monkeypatch.setenv("PATH", str(tmp_path))
    yield
    artifacts._go_version.cache_clear()


@pytest.mark.usefixtures("without_go")
@pytest.mark.parametrize("image", [*FROM_SERVERS, COLLECTOR], ids=lambda image: image.service)
def test_a_machine_without_go_and_registry_is_told_of_both(monkeypatch: pytest.MonkeyPatch, image: Image) -> None:
    builds = recipes._built, recipes._artifact
    engine = Engine(monkeypatch, pull_says=UNREACHABLE[0])
    for build in builds:
        monkeypatch.setattr(recipes, build.__name__, build)
    # What is ours is listed by git, which is not on this path.
    monkeypatch.setattr("kit.images.recipes.tracked", lambda *_: {})
    with pytest.raises(ImageError, match=r"(?s)go is missing.*no registry answers: .*connection refused"):
        engine.ensure([image])


def test_what_is_to_be_had_is_said_with_the_time_that_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Engine(monkeypatch)
    said = outlook(None, [*UPSTREAM, PYTHON], besides=[])  # type: ignore[arg-type]
    assert all(image.name in said for image in (*UPSTREAM, PYTHON))
    assert re.search(r"as long as pulling them, or where no registry answers about \d+ minutes? on \d+ core", said)
    assert said.endswith(GOES_ON)
    engine.ensure([*UPSTREAM, PYTHON])
    assert outlook(None, [*UPSTREAM, PYTHON], besides=[]) == ""  # type: ignore[arg-type]


def test_a_machine_without_go_expects_to_pull(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(_name: str) -> Artifact:
        raise MissingToolError("go", "building")

    Engine(monkeypatch)
    monkeypatch.setattr("kit.images.planning.artifact_of", missing)
    said = outlook(None, [PYTHON], besides=[])  # type: ignore[arg-type]
    assert said == f"To be had, once: {PYTHON.name}. That takes as long as pulling them. {GOES_ON}"


def test_a_machine_that_is_no_debian_expects_to_pull(monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> str:
        raise ImageError("only Debian and Ubuntu can")

    Engine(monkeypatch)
    monkeypatch.setattr("kit.images.offline.debian.suite", none)
    said = outlook(None, [PYTHON], besides=[])  # type: ignore[arg-type]
    assert said == f"To be had, once: {PYTHON.name}. That takes as long as pulling them. {GOES_ON}"
