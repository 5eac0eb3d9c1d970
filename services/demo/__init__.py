"""A generated city whose two months are played through the public API, and then proved."""
