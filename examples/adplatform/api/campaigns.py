from fastapi import APIRouter, Query, Request
from signalfire import get_logger, metrics
from sqlalchemy import select

from examples.adplatform import queue
from examples.adplatform.api import ads
from examples.adplatform.api.dependencies import DatabaseSession, ExistingCampaign
from examples.adplatform.api.forecasting import Accuracy
from examples.adplatform.api.schemas import LARGEST_INTEGER, CampaignView, JobView, NewCampaign, Platform, Results
from examples.adplatform.handover import handed_over
from examples.adplatform.tables import AgentTask, Campaign

log = get_logger(__name__)
router = APIRouter(prefix="/campaigns", tags=["campaigns"])
router.include_router(ads.router, prefix="/{campaign_id}/ads")


@router.get("", response_model=list[CampaignView])
def list_campaigns(
    session: DatabaseSession,
    platform: Platform | None = None,
    limit: int = Query(default=20, ge=1, le=100),
    offset: int = Query(default=0, ge=0, le=LARGEST_INTEGER),
) -> list[Campaign]:
    wanted = select(Campaign).order_by(Campaign.id).limit(limit).offset(offset)
    if platform is not None:
        wanted = wanted.where(Campaign.platform == platform)
    return list(session.scalars(wanted))


@router.post("", status_code=201, response_model=CampaignView)
def create_campaign(new: NewCampaign, session: DatabaseSession) -> Campaign:
    campaign = Campaign(**new.model_dump(mode="json"))
    session.add(campaign)
    session.commit()
    metrics.campaigns_created_total.labels(platform=campaign.platform).inc()
    log.info("campaign created", campaign_id=campaign.id, platform=campaign.platform)
    return campaign


@router.get("/{campaign_id}", response_model=CampaignView)
def read_campaign(campaign: ExistingCampaign) -> Campaign:
    return campaign


@router.post("/{campaign_id}/launch", status_code=202, response_model=JobView)
def launch_campaign(campaign: ExistingCampaign, session: DatabaseSession) -> AgentTask:
    """Hands the campaign to the agents."""
    task = AgentTask(workflow="campaign_launch", product=campaign.product, platform=campaign.platform, **handed_over())
    queue.put(session, task)
    session.commit()
    log.info("campaign handed to the agents", campaign_id=campaign.id, task_id=task.id)
    return task


@router.post("/{campaign_id}/results", response_model=CampaignView)
def report_results(
    results: Results, request: Request, campaign: ExistingCampaign, session: DatabaseSession
) -> Campaign:
    accuracy: Accuracy = request.app.state.accuracy
    accuracy.learn(campaign, actual_roas=results.revenue_usd / results.spend_usd)
    campaign.spend_usd += results.spend_usd
    campaign.revenue_usd += results.revenue_usd
    session.commit()
    metrics.revenue_usd_total.labels(platform=campaign.platform).inc(results.revenue_usd)
    if campaign.flagship:
        roas = campaign.revenue_usd / campaign.spend_usd
        metrics.roas_value.labels(campaign=campaign.name, platform=campaign.platform).set(roas)
    return campaign
