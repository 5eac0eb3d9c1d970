"""Faults in a policy pack, every one named with its place."""
