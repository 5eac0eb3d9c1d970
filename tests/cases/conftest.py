"""The fixtures of collection, for the published cases."""

from tests.collection.conftest import db, office

__all__ = ["db", "office"]
