"""What the ledger does: load, decide, save."""
