from fastapi import FastAPI
from openai import AsyncOpenAI
from signalfire import get_logger, instrument_openai, setup_monitoring

app = FastAPI()
monitoring = setup_monitoring(app, service_name="shop")
instrument_openai()
client = AsyncOpenAI()
log = get_logger(__name__)


@app.post("/products/{product}/slogan")
async def slogan(product: int) -> dict[str, str | None]:
    answer = await client.chat.completions.create(
        model="gpt-6-luna", messages=[{"role": "user", "content": f"A slogan for product {product}"}]
    )
    log.info("slogan written", product=product)
    return {"slogan": answer.choices[0].message.content}
