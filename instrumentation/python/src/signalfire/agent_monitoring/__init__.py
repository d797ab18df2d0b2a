"""The calls that agent frameworks expect, as a class and as functions of one instance for the whole process.

from signalfire import agent_monitoring

agent_monitoring.initialize("ad-agents", metrics_port=8003)
task = agent_monitoring.start_task("copywriter", "ad_copy")
agent_monitoring.complete_task(task, success=True, quality_score=0.9)
"""

from signalfire.agent_monitoring.monitoring import AgentMonitoring
from signalfire.agent_monitoring.validation import SignalCheck, Validation

_default = AgentMonitoring()

initialize = _default.initialize
shutdown = _default.shutdown
start_workflow_monitoring = _default.start_workflow_monitoring
complete_workflow_monitoring = _default.complete_workflow_monitoring
start_task = _default.start_task
complete_task = _default.complete_task
start_conflict_resolution = _default.start_conflict_resolution
resolve_conflict = _default.resolve_conflict
record_agent_task = _default.record_agent_task
record_conflict_resolution = _default.record_conflict_resolution
get_agent_performance = _default.get_agent_performance
get_throughput_report = _default.get_throughput_report
get_conflict_report = _default.get_conflict_report
get_realtime_dashboard = _default.get_realtime_dashboard
get_comprehensive_dashboard = _default.get_comprehensive_dashboard
get_monitoring_system_health = _default.get_monitoring_system_health
validate_integration = _default.validate_integration

__all__ = [
    "AgentMonitoring",
    "SignalCheck",
    "Validation",
    "complete_task",
    "complete_workflow_monitoring",
    "get_agent_performance",
    "get_comprehensive_dashboard",
    "get_conflict_report",
    "get_monitoring_system_health",
    "get_realtime_dashboard",
    "get_throughput_report",
    "initialize",
    "record_agent_task",
    "record_conflict_resolution",
    "resolve_conflict",
    "shutdown",
    "start_conflict_resolution",
    "start_task",
    "start_workflow_monitoring",
    "validate_integration",
]
