"""退回与改入 · Returns and moves of receipts, decided by two people"""
