"""`wuxian ledger`: the operator's work on the books."""
