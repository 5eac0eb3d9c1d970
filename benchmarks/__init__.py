"""Measurements of the product: `python -m benchmarks.NAME [--small] [--json]`."""
