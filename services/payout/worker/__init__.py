"""Payout's background work: finding money for batches, delivering the outbox."""
