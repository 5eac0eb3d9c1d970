"""Payout's procedures: load, decide, save; in the caller's transaction, which they never commit."""
