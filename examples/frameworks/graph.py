from typing import TypedDict

from langgraph.graph import END, START, StateGraph
from openai import OpenAI
from signalfire import get_logger, setup_monitoring, start_metrics_server
from signalfire.integrations.langchain import CallbackHandler
from signalfire.providers.openai import instrument_openai

log = get_logger(__name__)
client = OpenAI()


class Ad(TypedDict):
    product: str
    text: str


def ask(question: str) -> str:
    answer = client.chat.completions.create(
        model="gpt-6-luna", max_completion_tokens=60, messages=[{"role": "user", "content": question}]
    )
    return answer.choices[0].message.content or ""


def writer(state: Ad) -> dict[str, str]:
    return {"text": ask(f"An ad for {state['product']}")}


def reviewer(state: Ad) -> dict[str, str]:
    return {"text": ask(f"Make it shorter: {state['text']}")}


builder = StateGraph(Ad)
builder.add_node("writer", writer)
builder.add_node("reviewer", reviewer)
builder.add_edge(START, "writer")
builder.add_edge("writer", "reviewer")
builder.add_edge("reviewer", END)
graph = builder.compile(name="ad_copy").with_config(callbacks=[CallbackHandler()])


def main() -> None:
    monitoring = setup_monitoring(service_name="ad-graph")
    start_metrics_server(8090, health=monitoring.health)
    instrument_openai()
    ad = graph.invoke({"product": "trail shoes", "text": ""})
    log.info("written", letters=len(ad["text"]))
    monitoring.shutdown()


if __name__ == "__main__":
    main()
