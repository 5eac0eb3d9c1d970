"""到账 · Receipts"""
