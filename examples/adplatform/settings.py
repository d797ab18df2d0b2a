"""What a process of the platform is told through its environment."""

import os
from collections.abc import Mapping
from typing import Self

from pydantic import BaseModel, Field, ValidationError

PREFIX = "DEMO_"


class Settings(BaseModel, frozen=True):
    """Read from variables such as DEMO_PORT; only the port has a different default in each process."""

    listen: str = "127.0.0.1"
    port: int = Field(ge=1, le=65535)
    api_url: str = "http://127.0.0.1:8000"
    provider_url: str = "http://127.0.0.1:8001"
    database_url: str = "sqlite:///.signalfire/data/demo/demo.db"
    redis_url: str = ""
    broker_folder: str = ".signalfire/data/demo/broker"
    requests_per_second: float = Field(default=8.0, ge=0.0, le=1000.0)

    @classmethod
    def from_environment(cls, default_port: int, environment: Mapping[str, str] = os.environ) -> Self:
        """Raises SystemExit naming the variable that cannot be understood."""
        variables = {name: PREFIX + name.upper() for name in cls.model_fields}
        given = {name: environment[variable] for name, variable in variables.items() if variable in environment}
        try:
            return cls.model_validate({"port": default_port} | given)
        except ValidationError as error:
            problem = error.errors()[0]
            variable = variables[str(problem["loc"][0])]
            message = f"{variable} is {problem['input']!r}: {problem['msg']}. Correct it or unset it."
            raise SystemExit(message) from None
