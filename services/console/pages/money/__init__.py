"""资金 · Receipts, debits, reconciliation, refunds, settlements, closings"""
