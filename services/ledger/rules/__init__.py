"""记账规则 · The chart of accounts and the rules of the books, by day"""
