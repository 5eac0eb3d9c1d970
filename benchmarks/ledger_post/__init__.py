"""Posting vouchers, measured: the engine, the doors, several processes, and two yardsticks."""
