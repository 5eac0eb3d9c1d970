"""Shapes at payout's doors."""
