"""Wrong calls of the public functions: each says what is wrong and what to write."""

import inspect
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import signalfire
from signalfire import Budget, CostTracker, HealthChecker, Metrics, SettingError, agent_monitoring
from signalfire._internal.calls import explained, explained_by
from signalfire.agent_monitoring import AgentMonitoring
from signalfire.agents.coordination import Conflict
from signalfire.agents.operations import Task
from signalfire.integrations.crewai import instrument_crewai
from signalfire.integrations.langchain import CallbackHandler
from signalfire.llm.call import AiCall

# What users are given and do not make, or that takes whatever it is told.
NOT_CALLED = {
    "AiCall",
    "BudgetEvent",
    "BudgetStatus",
    "CeleryMonitoring",
    "Metrics",
    "MetricsServer",
    "Monitoring",
    "Report",
    "SettingError",
    "Status",
    "WsgiMonitoring",
    "get_logger",
}
CLASSES: tuple[type, ...] = (AgentMonitoring, CostTracker, HealthChecker, CallbackHandler)
WITH_METHODS: dict[type, tuple[str, ...]] = {
    AiCall: ("record_response", "record_tokens", "record_first_token", "fail"),
    Task: ("set_quality",),
    Conflict: ("resolve",),
}


def public() -> Iterator[tuple[str, Callable[..., Any]]]:
    for name in signalfire.__all__:
        value = getattr(signalfire, name)
        if callable(value) and name not in NOT_CALLED:
            yield name, value
    yield "instrument_crewai", instrument_crewai
    yield "AgentMonitoring", AgentMonitoring
    yield "CallbackHandler", CallbackHandler
    for cls in CLASSES:
        for name, method in vars(cls).items():
            is_own = inspect.isfunction(method) and not name.startswith(("_", "on_", "adopt", "start_afresh"))
            if is_own and not inspect.iscoroutinefunction(method):
                yield f"{cls.__name__}.{name}", method
    for cls, names in WITH_METHODS.items():
        for name in names:
            yield f"{cls.__name__}.{name}", getattr(cls, name)


PUBLIC = dict(public())


@pytest.mark.parametrize("name", PUBLIC)
def test_too_many_arguments_tell_the_right_call(name: str) -> None:
    if any(
        parameter.kind is inspect.Parameter.VAR_POSITIONAL
        for parameter in inspect.signature(PUBLIC[name]).parameters.values()
    ):
        pytest.skip("takes any number")
    with pytest.raises(TypeError, match=r"takes .* by position.*: write "):
        PUBLIC[name](*["x"] * 20)


@pytest.mark.parametrize("name", PUBLIC)
def test_an_unknown_argument_tells_the_right_call(name: str) -> None:
    parameters = inspect.signature(PUBLIC[name]).parameters.values()
    if any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in parameters):
        pytest.skip("takes any name")
    given = {parameter.name: None for parameter in parameters if parameter.default is inspect.Parameter.empty}
    itself = [given.pop("self")] if "self" in given else []
    with pytest.raises(TypeError, match=r"has no argument budgte.*: write "):
        PUBLIC[name](*itself, **given, budgte=10)


@pytest.mark.parametrize("name", PUBLIC)
def test_a_missing_argument_tells_the_right_call(name: str) -> None:
    parameters = [
        parameter
        for parameter in inspect.signature(PUBLIC[name]).parameters.values()
        if parameter.default is inspect.Parameter.empty
        and parameter.kind not in (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)
    ]
    is_method = bool(parameters) and parameters[0].name == "self"
    if len(parameters) <= is_method:
        pytest.skip("needs none")
    with pytest.raises(TypeError, match=r"misses .*: write "):
        PUBLIC[name](*([None] if is_method else []))


health = HealthChecker(metrics=Metrics())
TOTAL = 'write CostTracker(budgets=[Budget("total", 10, "day")])'
TASK = 'write record_agent_task("writer", "ad_copy", seconds=2.5, success=True, quality_score=0.9)'
CALLS: list[tuple[Callable[[], Any], str]] = [
    (lambda: CostTracker(daily_budget=10), f"CostTracker() has no argument daily_budget: {TOTAL}"),  # type: ignore[call-arg]
    (lambda: CostTracker(budget=10), f"CostTracker() has no argument budget (it has budgets): {TOTAL}"),  # type: ignore[call-arg]
    (lambda: Budget("total"), 'Budget() misses limit_usd: write Budget("total", 10, "day")'),  # type: ignore[call-arg]
    (
        lambda: agent_monitoring.record_agent_task("writer", "ad_copy", 2.5, True),  # type: ignore[call-arg]
        f"record_agent_task() takes agent and task_type by position, the others by name: {TASK}",
    ),
    (
        lambda: agent_monitoring.record_agent_task("writer", "ad_copy", duration=2.5),  # type: ignore[call-arg]
        f"record_agent_task() has no argument duration: {TASK}",
    ),
    (
        lambda: health.check_llm_connectivity(),  # type: ignore[call-arg]
        'check_llm_connectivity() misses provider: write check_llm_connectivity("openai")',
    ),
    (
        lambda: signalfire.track_ai_call("gpt-6-luna"),  # type: ignore[call-arg]
        'track_ai_call() misses model: write track_ai_call("openai", "gpt-6-luna", "ad_copy")',
    ),
    (
        lambda: signalfire.ai_operation(),  # type: ignore[call-arg]
        'ai_operation() misses name: write ai_operation("ad_copy")',
    ),
    (
        lambda: signalfire.calculate_cost("openai", "gpt-6-luna", 1000, 100),  # type: ignore[call-arg]
        "calculate_cost() takes provider and model by position, the others by name: "
        'write calculate_cost("openai", "gpt-6-luna", input_tokens=1000, output_tokens=100)',
    ),
    (
        lambda: signalfire.calculate_cost("openai", "gpt-6-luna", input_tokens="1000"),  # type: ignore[arg-type]
        "input_tokens is '1000': give a whole number, such as input_tokens=1000",
    ),
    (
        lambda: signalfire.log_request("GET"),  # type: ignore[call-arg]
        "log_request() misses endpoint, status and duration_seconds: "
        "write log_request(method, endpoint, status, duration_seconds, logger=…)",
    ),
    (
        lambda: signalfire.measured("a", "b"),  # type: ignore[call-overload]
        "measured() takes function_or_name by position, the others by name: "
        "write measured(function_or_name, metrics=…)",
    ),
]


@pytest.mark.parametrize(("call", "message"), CALLS)
def test_the_message_says_what_is_wrong_and_what_to_write(call: Callable[[], Any], message: str) -> None:
    with pytest.raises(TypeError) as raised:
        call()
    assert str(raised.value) == message
    assert raised.value.__cause__ is None


def plain() -> bool:
    return True


@pytest.mark.parametrize(
    ("decorator", "written"),
    [
        (signalfire.track_task, '@track_task("ad_copy")'),
        (signalfire.track_workflow, '@track_workflow("campaign")'),
        (signalfire.track_tool_call, '@track_tool_call("search")'),
        (signalfire.track_agent_execution, '@track_agent_execution("writer", "ad_copy")'),
        (signalfire.track_conflict, '@track_conflict("budget")'),
        (signalfire.track_dependency, '@track_dependency("approval")'),
        (signalfire.ai_operation, '@ai_operation("ad_copy")'),
        (signalfire.with_correlation_id, "@with_correlation_id()"),
        (signalfire.PerformanceTracker, '@PerformanceTracker("render report")'),
        (health.check, '@health.check("stock", timeout=5, required=False)'),
    ],
)
def test_a_decorator_without_its_parentheses_is_refused(decorator: Callable[[Any], Any], written: str) -> None:
    with pytest.raises(TypeError) as raised:
        decorator(plain)
    assert str(raised.value).endswith(f"() needs parentheses: write {written}")


def test_a_check_in_the_place_of_its_name_is_refused() -> None:
    with pytest.raises(TypeError, match=r"takes a name and a function.*: write register"):
        health.register(plain, "stock")  # type: ignore[arg-type]


@pytest.mark.parametrize("ledger", [10, [Budget("total", 10)], {"total": 10}, 2.5])
def test_a_budget_in_the_place_of_the_ledger_is_refused(ledger: Any) -> None:
    with pytest.raises(SettingError, match=r"which is no folder: write for example CostTracker\(\"/var/lib/shop/costs"):
        CostTracker(ledger)


@pytest.mark.parametrize("budgets", [10, Budget("total", 10), {"total": 10}, "10"])
def test_budgets_that_are_no_list_are_refused(budgets: Any) -> None:
    with pytest.raises(SettingError, match=r"write a list, for example \[Budget\(\"total\", 25, \"day\"\)\]"):
        CostTracker(budgets=budgets)


def test_an_error_inside_of_a_function_stays_what_it_is() -> None:
    @explained
    def broken(number: int) -> int:
        raise TypeError(f"{number} is not mine")

    with pytest.raises(TypeError, match=r"^5 is not mine$"):
        broken(5)

    @explained_by("calling(other)")
    def calling(other: Callable[..., int]) -> int:
        return other()

    with pytest.raises(TypeError, match="positional argument"):
        calling(lambda number: number)


def test_a_wrong_duration_does_not_end_the_application(metrics: Metrics, expected_internal_errors: list[int]) -> None:
    expected_internal_errors.append(1)
    monitoring = AgentMonitoring(metrics=metrics)
    monitoring.record_agent_task("writer", "ad_copy", seconds="long")  # type: ignore[arg-type]
    assert monitoring.get_agent_performance("writer")["tasks"]["total"] == 1


def test_a_percentage_in_the_place_of_a_quality_is_told_once(
    metrics: Metrics, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signalfire.settings, "_warned", set())
    monitoring = AgentMonitoring(metrics=metrics)
    for quality in (95, 90, 0.9):
        monitoring.record_agent_task("writer", "ad_copy", quality_score=quality)
    told = capsys.readouterr().err
    assert told.count("for 95 % give 0.95") == 1
