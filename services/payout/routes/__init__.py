"""Payout's doors."""
