"""One running collection a test module, as its own tests have it."""

from tests.collection.conftest import office

__all__ = ["office"]
