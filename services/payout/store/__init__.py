"""Payout's SQL: one function, one statement, in the caller's transaction."""
