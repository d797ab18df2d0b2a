from openai import OpenAI
from signalfire import (
    get_logger,
    track_agent_execution,
    track_conflict,
    track_dependency,
    track_memory_operation,
    track_message,
    track_task,
    track_tool_call,
    track_workflow,
)
from signalfire.agent_monitoring import AgentMonitoring
from signalfire.providers.openai import instrument_openai

log = get_logger(__name__)
client = OpenAI()
memory: dict[str, str] = {}


def ask(question: str) -> str:
    answer = client.chat.completions.create(
        model="gpt-6-luna", max_completion_tokens=60, messages=[{"role": "user", "content": question}]
    )
    return answer.choices[0].message.content or ""


def write_ad(product: str) -> str:
    with track_workflow("ad_copy"):
        with track_agent_execution("writer", "write"), track_task("draft") as task:
            with track_memory_operation("read", "past_ads"):
                known = memory.get(product, "none")
            draft = ask(f"An ad for {product}. The last one: {known}")
            task.set_quality(0.8)
        with track_message("writer", "reviewer", "draft"), track_agent_execution("reviewer", "review"):
            with track_tool_call("style_guide"):
                too_long = len(draft) > 120
            if too_long:
                with track_conflict("length", agents=["writer", "reviewer"]) as conflict:
                    draft = draft[:120]
                    conflict.resolve("cut")
            with track_dependency("approval"):
                approved = bool(draft)
        memory[product] = draft if approved else ""
        return draft


def main() -> None:
    monitoring = AgentMonitoring()
    monitoring.initialize("ad-team", metrics_port=8090)
    instrument_openai()
    write_ad("trail shoes")
    log.info("done", writer=monitoring.get_agent_performance("writer"))
    monitoring.shutdown()


if __name__ == "__main__":
    main()
