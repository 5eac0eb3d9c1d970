"""Benchmark of the three-way match."""
