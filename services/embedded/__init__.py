"""A private PostgreSQL for an installation that has none: `EmbeddedPostgres(home).start()`.

The binaries come from a Python package; the launcher is ours, because the package's own trusts
every local user, offers no TCP and leaves its server behind. Nothing here touches another server:
a process is signalled only after its command line was seen to name our data directory.
"""

from services.embedded.place import Account, EmbeddedError
from services.embedded.server import EmbeddedPostgres, Status

__all__ = ["Account", "EmbeddedError", "EmbeddedPostgres", "Status"]
