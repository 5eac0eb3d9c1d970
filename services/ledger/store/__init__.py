"""The ledger's SQL, one file per capability."""
