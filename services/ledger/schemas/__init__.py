"""Shapes at the ledger's doors that no other service needs (the shared ones are in shared.wire)."""
