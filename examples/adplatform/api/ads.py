from fastapi import APIRouter
from signalfire import get_logger, metrics
from sqlalchemy import select

from examples.adplatform import queue
from examples.adplatform.api.dependencies import DatabaseSession, ExistingCampaign
from examples.adplatform.api.schemas import AdView, NewAd
from examples.adplatform.handover import handed_over
from examples.adplatform.tables import Ad, AgentTask

log = get_logger(__name__)
router = APIRouter(tags=["ads"])

MOST_SHOWN = 50


@router.get("", response_model=list[AdView])
def list_ads(campaign: ExistingCampaign, session: DatabaseSession) -> list[Ad]:
    newest = select(Ad).where(Ad.campaign_id == campaign.id).order_by(Ad.id.desc()).limit(MOST_SHOWN)
    return list(session.scalars(newest))


@router.post("", status_code=201, response_model=AdView)
def publish_ad(new: NewAd, campaign: ExistingCampaign, session: DatabaseSession) -> Ad:
    ad = Ad(campaign_id=campaign.id, format=new.format.value, headline=new.headline)
    session.add(ad)
    if new.refresh_copy:
        task = AgentTask(workflow="copy_refresh", product=campaign.product, platform=campaign.platform, **handed_over())
        queue.put(session, task)
    session.commit()
    metrics.ads_published_total.labels(platform=campaign.platform, format=ad.format).inc()
    log.info("ad published", ad_id=ad.id, campaign_id=campaign.id, format=ad.format)
    return ad
