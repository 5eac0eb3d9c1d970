"""The command `wuxian`."""

from services.cli.root import main

__all__ = ["main"]
