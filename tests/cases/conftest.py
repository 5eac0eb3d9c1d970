"""The fixtures of collection, for the published cases."""

from tests.collection.conftest import office

__all__ = ["office"]
