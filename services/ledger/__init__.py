"""The ledger service: every fund's books, statutory and memo."""
