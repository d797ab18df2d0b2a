"""What the routes ask FastAPI for."""

from collections.abc import Iterator
from typing import Annotated

from fastapi import Depends, HTTPException, Request
from sqlalchemy.orm import Session

from examples.adplatform.api.orders import Orders
from examples.adplatform.api.schemas import DatabaseInteger
from examples.adplatform.faults import FaultBoard
from examples.adplatform.tables import Campaign


def session(request: Request) -> Iterator[Session]:
    with request.app.state.sessions() as opened:
        yield opened


# Asynchronous, though it waits for nothing: FastAPI sends plain functions to a thread, which costs more than this does.
async def fault_board(request: Request) -> FaultBoard:
    board: FaultBoard = request.app.state.faults
    return board


async def video_orders(request: Request) -> Orders:
    orders: Orders = request.app.state.orders
    return orders


DatabaseSession = Annotated[Session, Depends(session)]
Faults = Annotated[FaultBoard, Depends(fault_board)]
VideoOrders = Annotated[Orders, Depends(video_orders)]


def existing_campaign(campaign_id: DatabaseInteger, session: DatabaseSession) -> Campaign:
    campaign = session.get(Campaign, campaign_id)
    if campaign is None:
        raise HTTPException(404, f"there is no campaign {campaign_id}")
    return campaign


ExistingCampaign = Annotated[Campaign, Depends(existing_campaign)]
