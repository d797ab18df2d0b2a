"""What the API takes and gives, checked by FastAPI."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

LARGEST_INTEGER = 2**63 - 1
"""That a column holds."""
DatabaseInteger = Annotated[int, Field(ge=-LARGEST_INTEGER - 1, le=LARGEST_INTEGER)]


class Platform(StrEnum):
    SEARCH = "search"
    SOCIAL = "social"
    VIDEO = "video"
    DISPLAY = "display"


class AdFormat(StrEnum):
    TEXT = "text"
    IMAGE = "image"
    CAROUSEL = "carousel"
    VIDEO = "video"


class VideoFormat(StrEnum):
    LANDSCAPE = "landscape"
    SQUARE = "square"
    VERTICAL = "vertical"


class Stored(BaseModel):
    """Read from a row of the database."""

    model_config = ConfigDict(from_attributes=True)

    id: int


class NewCampaign(BaseModel):
    name: str = Field(min_length=3, max_length=120)
    product: str = Field(min_length=2, max_length=60)
    platform: Platform
    daily_budget_usd: float = Field(gt=0, le=100_000)


class CampaignView(Stored):
    name: str
    product: str
    platform: Platform
    daily_budget_usd: float
    spend_usd: float
    revenue_usd: float
    created_at: datetime


class Results(BaseModel):
    """What a campaign spent and earned since the last time it was told."""

    spend_usd: float = Field(gt=0, le=1_000_000)
    revenue_usd: float = Field(ge=0, le=10_000_000)


class NewAd(BaseModel):
    format: AdFormat
    headline: str = Field(min_length=3, max_length=200)
    refresh_copy: bool = Field(default=False, description="let the agents write better copy for it")


class AdView(Stored):
    campaign_id: int
    format: AdFormat
    headline: str
    created_at: datetime


class NewVideo(BaseModel):
    campaign_id: DatabaseInteger
    format: VideoFormat
    length_seconds: int = Field(ge=5, le=120)


class JobView(Stored):
    state: str
    queued_at: datetime
    finished_at: datetime | None


class PredictionRequest(BaseModel):
    campaign_id: DatabaseInteger
    days: int = Field(ge=1, le=90)


class Prediction(BaseModel):
    campaign_id: int
    days: int
    roas: float = Field(description="revenue expected for each dollar spent")
    model: str


class FaultView(BaseModel):
    name: str
    description: str
    active: bool
    changed_at: datetime | None


class FaultChange(BaseModel):
    active: bool
