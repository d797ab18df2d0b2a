from crewai import LLM, Agent, Crew, Task  # type: ignore[import-not-found]
from signalfire import get_logger, setup_monitoring, start_metrics_server
from signalfire.integrations.crewai import instrument_crewai

log = get_logger(__name__)


def ad_crew() -> Crew:
    llm = LLM(model="openai/gpt-6-luna", max_completion_tokens=60)
    writer = Agent(role="writer", goal="Ads that sell", backstory="Long in the trade", llm=llm)
    reviewer = Agent(role="reviewer", goal="Ads that are true", backstory="Reads every word", llm=llm)
    tasks = [
        Task(name="draft", description="An ad for {product}", expected_output="Two sentences", agent=writer),
        Task(name="review", description="Make it shorter", expected_output="One sentence", agent=reviewer),
    ]
    return Crew(name="ad_copy", agents=[writer, reviewer], tasks=tasks)


def main() -> None:
    monitoring = setup_monitoring(service_name="ad-crew")
    start_metrics_server(8090, health=monitoring.health)
    instrument_crewai()
    ad = ad_crew().kickoff(inputs={"product": "trail shoes"})
    log.info("written", letters=len(ad.raw))
    monitoring.shutdown()


if __name__ == "__main__":
    main()
