from fastapi import FastAPI
from openai import AsyncOpenAI

app = FastAPI()
client = AsyncOpenAI()


@app.post("/products/{product}/slogan")
async def slogan(product: int) -> dict[str, str | None]:
    answer = await client.chat.completions.create(
        model="gpt-6-luna", messages=[{"role": "user", "content": f"A slogan for product {product}"}]
    )
    return {"slogan": answer.choices[0].message.content}
