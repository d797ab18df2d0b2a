"""The faults that happen inside the API's own requests."""

import asyncio
import random

from fastapi import Request

from examples.adplatform.api.dependencies import Faults
from examples.adplatform.faults import Fault

ERROR_SHARE = 0.3
ADDED_SECONDS = (1.5, 4.0)


class BillingGatewayError(Exception):
    """Another system that the API relies on gave a wrong answer."""


async def fail_sometimes(request: Request, faults: Faults) -> None:
    if faults.active(Fault.ERRORS) and random.random() < ERROR_SHARE:
        authorise_spending(request.method)


async def respond_late(faults: Faults) -> None:
    if faults.active(Fault.LATENCY):
        await asyncio.sleep(random.uniform(*ADDED_SECONDS))


def authorise_spending(method: str) -> None:
    try:
        ask_billing_gateway()
    except ConnectionResetError as error:
        raise BillingGatewayError(f"spending for a {method} request could not be authorised") from error


def ask_billing_gateway() -> None:
    raise ConnectionResetError("the billing gateway closed the connection before it answered")
