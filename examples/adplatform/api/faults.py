from datetime import UTC, datetime

from fastapi import APIRouter
from signalfire import get_logger

from examples.adplatform.api.dependencies import Faults
from examples.adplatform.api.schemas import FaultChange, FaultView
from examples.adplatform.faults import DESCRIPTIONS, Fault
from examples.adplatform.tables import FaultSwitch

log = get_logger(__name__)
router = APIRouter(prefix="/faults", tags=["faults"])


@router.get("")
def list_faults(faults: Faults) -> list[FaultView]:
    switches = faults.switches()
    return [view(fault, switches.get(fault)) for fault in Fault]


@router.put("/{name}")
def switch_fault(name: Fault, change: FaultChange, faults: Faults) -> FaultView:
    switch = faults.switch(name, active=change.active)
    log.warning("fault switched", fault=name.value, active=change.active)
    return view(name, switch)


def view(fault: Fault, switch: FaultSwitch | None) -> FaultView:
    return FaultView(
        name=fault,
        description=DESCRIPTIONS[fault],
        active=switch is not None and switch.active,
        changed_at=datetime.fromtimestamp(switch.changed_at, UTC) if switch else None,
    )
