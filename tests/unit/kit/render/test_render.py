"""What is written to a server's configuration folder, and how."""

import stat
from pathlib import Path

import pytest
import yaml

from kit.paths import ROOT, State
from kit.processes import Process, servers
from kit.render import addresses_for_templates, template
from kit.render.files import write, write_folder
from kit.settings import Settings


def test_the_folder_holds_exactly_the_files(tmp_path: Path) -> None:
    folder = tmp_path / "prometheus"
    write_folder(folder, {"a.yaml": "1\n", "rules/b.yaml": "2\n", "rules/deep/c.yaml": "3\n"})
    write_folder(folder, {"a.yaml": "1\n", "d.yaml": "4\n"})
    assert {str(path.relative_to(folder)) for path in folder.rglob("*")} == {"a.yaml", "d.yaml"}


def test_what_did_not_change_is_not_written(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    assert write(file, "1\n")
    before = file.stat()
    assert not write(file, "1\n")
    assert (file.stat().st_ino, file.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert write(file, "2\n")
    assert file.stat().st_ino != before.st_ino  # replaced, never written into


def test_nobody_else_can_read_it(tmp_path: Path) -> None:
    write_folder(tmp_path / "loki", {"rules/a.yaml": "1\n"})
    for path in (tmp_path / "loki", tmp_path / "loki" / "rules", tmp_path / "loki" / "rules" / "a.yaml"):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0
    (tmp_path / "loki" / "rules" / "a.yaml").chmod(0o644)
    write(tmp_path / "loki" / "rules" / "a.yaml", "1\n")
    assert stat.S_IMODE((tmp_path / "loki" / "rules" / "a.yaml").stat().st_mode) == 0o600


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    write(file, "old\n")
    file.unlink()
    file.mkdir()  # cannot be replaced by a file
    with pytest.raises(OSError, match=r"a\.yaml"):
        write(file, "new\n")
    assert list(tmp_path.iterdir()) == [file]


def _template(folder: Path, body: str) -> str:
    file = folder / "t.jsonnet"
    file.write_text(f"function(settings, runtime) {body}")
    return str(file)


def test_texts_that_some_yaml_reader_takes_for_something_else_are_quoted(tmp_path: Path) -> None:
    texts = [
        "on",
        "no",
        "y",
        "null",
        "1e3",
        "0o17",
        "0x1f",
        "12",
        "1_000",
        "1:30",
        "2024-01-01",
        "~",
        "",
        "a: b",
        "# c",
    ]
    listed = ", ".join(repr(text) for text in texts)
    body = f"{{args: [], env: {{}}, files: {{'a.yaml': {{v: [{listed}]}}}}, checks: [], ready: '', reload: null}}"
    content = template.evaluate(_template(tmp_path, body), {}, {}).files["a.yaml"]
    for text in texts:
        assert f'- "{text}"\n' in content
    assert yaml.safe_load(content) == {"v": texts}


def test_a_template_that_fails_names_file_and_line(tmp_path: Path) -> None:
    with pytest.raises(template.TemplateError, match=r"(?s)no such thing.*t\.jsonnet:1:"):
        template.evaluate(_template(tmp_path, "error 'no such thing'"), {}, {})
    with pytest.raises(template.TemplateError, match="no field 'args'"):
        template.evaluate(_template(tmp_path, "{}"), {}, {})


@pytest.mark.parametrize("server", servers(), ids=lambda server: server.name)
def test_every_template_renders_with_the_default_settings(tmp_path: Path, server: Process) -> None:
    settings = Settings()
    addresses = addresses_for_templates.native(settings, State(tmp_path), [], tmp_path / "page")
    rendered = template.evaluate(server.template, settings.for_templates(), addresses)
    assert rendered.ready.startswith("http://127.0.0.1:")
    assert str(ROOT) not in str(rendered.args)


def test_only_what_follows_listen_leaves_the_machine(tmp_path: Path) -> None:
    servers = addresses_for_templates.native(Settings(listen="0.0.0.0"), State(tmp_path), [], tmp_path)["servers"]
    open_to_all = {
        f"{name}.{field}"
        for name, fields in servers.items()
        for field, value in fields.items()
        if value.startswith("0.0.0.0:")
    }
    assert open_to_all == {
        "prometheus.listen",
        "dashboards.listen",
        "alertmanager.listen",
        "loki.listen",
        "jaeger.listen",
        "collector.otlp_http_listen",
        "collector.otlp_grpc_listen",
    }
    assert servers["prometheus"]["address"] == "127.0.0.1:9090"


def test_an_ipv6_address_is_written_in_brackets(tmp_path: Path) -> None:
    addresses = addresses_for_templates.native(Settings(listen="::1"), State(tmp_path), [], tmp_path)
    assert addresses["servers"]["prometheus"]["listen"] == "[::1]:9090"
    assert addresses["links"]["dashboards"] == "http://[::1]:3000"
