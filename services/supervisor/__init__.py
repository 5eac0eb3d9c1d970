"""Runs the services as processes: database, migrations, children, logs, restarts, an orderly end."""

from services.supervisor.ports import PortTaken
from services.supervisor.supervisor import Supervisor, SupervisorError

__all__ = ["PortTaken", "Supervisor", "SupervisorError"]
