"""对账 · Reconciliation: statements of our accounts, lists and books; differences are work items"""
