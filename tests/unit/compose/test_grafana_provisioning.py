"""The provisioning files against Grafana's documented fields: names, types and values, and nothing unknown.

Sources: Grafana's pages "Provision Grafana" and "Configure the … data source" of the four kinds.
"""

from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from kit.paths import State
from kit.runtimes.compose.files import Files, Health, services_of
from kit.settings import Settings


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class ExemplarDestination(Strict):
    name: str
    datasourceUid: str  # noqa: N815 - Grafana's names
    urlDisplayLabel: str  # noqa: N815


class PrometheusJson(Strict):
    httpMethod: Literal["GET", "POST"]  # noqa: N815
    prometheusType: Literal["Prometheus", "Cortex", "Mimir", "Thanos"]  # noqa: N815
    timeInterval: str = Field(pattern=r"^\d+(ms|s|m|h|d)$")  # noqa: N815
    exemplarTraceIdDestinations: list[ExemplarDestination]  # noqa: N815


class DerivedField(Strict):
    name: str
    matcherType: Literal["label", "regex"]  # noqa: N815
    matcherRegex: str  # noqa: N815
    datasourceUid: str  # noqa: N815
    url: str
    urlDisplayLabel: str  # noqa: N815


class LokiJson(Strict):
    maxLines: int  # noqa: N815
    derivedFields: list[DerivedField]  # noqa: N815


class Tag(Strict):
    key: str
    value: str


class TraceQuery(Strict):
    name: str
    query: str


class TracesToLogs(Strict):
    datasourceUid: str  # noqa: N815
    spanStartTimeShift: str = Field(pattern=r"^-?\d+(ms|s|m|h)$")  # noqa: N815
    spanEndTimeShift: str = Field(pattern=r"^-?\d+(ms|s|m|h)$")  # noqa: N815
    filterByTraceID: bool  # noqa: N815
    filterBySpanID: bool  # noqa: N815
    customQuery: bool  # noqa: N815
    query: str


class TracesToMetrics(Strict):
    datasourceUid: str  # noqa: N815
    spanStartTimeShift: str  # noqa: N815
    spanEndTimeShift: str  # noqa: N815
    tags: list[Tag]
    queries: list[TraceQuery]


class Enabled(Strict):
    enabled: bool


class JaegerJson(Strict):
    nodeGraph: Enabled  # noqa: N815
    traceIdTimeParams: Enabled  # noqa: N815
    tracesToLogsV2: TracesToLogs  # noqa: N815
    tracesToMetrics: TracesToMetrics  # noqa: N815


class AlertmanagerJson(Strict):
    implementation: Literal["prometheus", "cortex", "mimir"]
    handleGrafanaManagedAlerts: bool  # noqa: N815


class Source(Strict):
    name: str
    uid: str = Field(pattern=r"^[A-Za-z0-9_-]{1,40}$")
    url: str = Field(pattern=r"^http://[a-z]+:\d+$")
    access: Literal["proxy"]
    editable: Literal[False]
    isDefault: bool = False  # noqa: N815


class Prometheus(Source):
    type: Literal["prometheus"]
    jsonData: PrometheusJson  # noqa: N815


class Loki(Source):
    type: Literal["loki"]
    jsonData: LokiJson  # noqa: N815


class Jaeger(Source):
    type: Literal["jaeger"]
    jsonData: JaegerJson  # noqa: N815


class Alertmanager(Source):
    type: Literal["alertmanager"]
    jsonData: AlertmanagerJson  # noqa: N815


class DataSources(Strict):
    apiVersion: Literal[1]  # noqa: N815
    prune: bool
    datasources: list[Annotated[Prometheus | Loki | Jaeger | Alertmanager, Field(discriminator="type")]]


class Options(Strict):
    path: str
    foldersFromFilesStructure: bool  # noqa: N815


class Provider(Strict):
    name: str
    folder: str
    type: Literal["file"]
    disableDeletion: bool  # noqa: N815
    allowUiUpdates: bool  # noqa: N815
    updateIntervalSeconds: int = Field(ge=10)  # noqa: N815
    options: Options


class Dashboards(Strict):
    apiVersion: Literal[1]  # noqa: N815
    providers: list[Provider]


@pytest.fixture(scope="module")
def provisioning(tmp_path_factory: pytest.TempPathFactory) -> Path:
    files = Files(Settings(), State(tmp_path_factory.mktemp("provisioning")), ["grafana"], Health(often_at_start=True))
    files.write()
    return files.config("grafana") / "provisioning"


def read(file: Path) -> Any:
    return yaml.safe_load(file.read_text())


def test_the_data_sources_have_the_fields_that_grafana_documents(provisioning: Path) -> None:
    found = DataSources.model_validate(read(provisioning / "datasources" / "signalfire.yaml"))
    assert {source.uid for source in found.datasources} == {"prometheus", "loki", "jaeger", "alertmanager"}
    uids = {source.uid for source in found.datasources}
    [jaeger] = [source for source in found.datasources if isinstance(source, Jaeger)]
    linked = {jaeger.jsonData.tracesToLogsV2.datasourceUid, jaeger.jsonData.tracesToMetrics.datasourceUid}
    assert linked <= uids


def test_the_dashboards_are_looked_for_where_compose_mounts_them(provisioning: Path) -> None:
    [provider] = Dashboards.model_validate(read(provisioning / "dashboards" / "signalfire.yaml")).providers
    mounts = [volume.rsplit(":", 2)[-2] for volume in services_of(["grafana"])["grafana"]["volumes"] if ":ro" in volume]
    assert provider.options.path in mounts
    assert {file.suffix for file in (provisioning.parent / "dashboards").iterdir()} == {".json"}


@pytest.mark.parametrize(
    "change", [{"acess": "proxy"}, {"access": "browser"}, {"editable": True}, {"isDefault": "yes"}]
)
def test_a_field_that_grafana_does_not_know_would_be_refused(provisioning: Path, change: dict[str, object]) -> None:
    content = read(provisioning / "datasources" / "signalfire.yaml")
    content["datasources"][0] |= change
    with pytest.raises(ValidationError):
        TypeAdapter(DataSources).validate_python(content)
