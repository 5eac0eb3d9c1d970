"""The ledger's HTTP doors."""
