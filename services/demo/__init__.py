"""A demo: two months of a generated city through the public API, and proofs of the books."""
