from fastapi import APIRouter, HTTPException
from signalfire import get_logger

from examples.adplatform import queue
from examples.adplatform.api.dependencies import DatabaseSession, VideoOrders, existing_campaign
from examples.adplatform.api.schemas import DatabaseInteger, JobView, NewVideo
from examples.adplatform.handover import handed_over
from examples.adplatform.tables import VideoJob

log = get_logger(__name__)
router = APIRouter(prefix="/videos", tags=["videos"])


@router.post("", status_code=202, response_model=JobView)
def order_video(new: NewVideo, session: DatabaseSession, orders: VideoOrders) -> VideoJob:
    campaign = existing_campaign(new.campaign_id, session)
    job = VideoJob(campaign_id=campaign.id, format=new.format.value, length_seconds=new.length_seconds, **handed_over())
    queue.put(session, job)
    session.commit()
    orders.send(job)
    log.info("video ordered", job_id=job.id, campaign_id=campaign.id, format=job.format)
    return job


@router.get("/{job_id}", response_model=JobView)
def read_video(job_id: DatabaseInteger, session: DatabaseSession) -> VideoJob:
    job = session.get(VideoJob, job_id)
    if job is None:
        raise HTTPException(404, f"there is no video job {job_id}")
    return job
