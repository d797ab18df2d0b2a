"""The campaigns that exist from the first start on."""

from sqlalchemy import select

from examples.adplatform.database import Sessions
from examples.adplatform.tables import Campaign

FLAGSHIPS = [
    ("trail-shoes-spring", "Trail Shoes", "search"),
    ("trail-shoes-social", "Trail Shoes", "social"),
    ("city-bike-launch", "City Bike", "video"),
    ("city-bike-commuters", "City Bike", "search"),
    ("rain-jacket-autumn", "Rain Jacket", "display"),
    ("rain-jacket-retargeting", "Rain Jacket", "social"),
    ("camp-stove-summer", "Camp Stove", "social"),
    ("headlamp-always-on", "Headlamp", "search"),
    ("daypack-back-to-school", "Daypack", "video"),
    ("daypack-brand", "Daypack", "display"),
    ("sleeping-bag-winter", "Sleeping Bag", "search"),
    ("water-bottle-refill", "Water Bottle", "social"),
]


def plant_flagships(sessions: Sessions) -> None:
    with sessions() as session:
        if session.scalar(select(Campaign.id).where(Campaign.flagship).limit(1)) is not None:
            return
        for name, product, platform in FLAGSHIPS:
            session.add(Campaign(name=name, product=product, platform=platform, daily_budget_usd=500.0, flagship=True))
        session.commit()
