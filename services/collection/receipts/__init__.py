"""到账与扣款 · Receipts and direct debits"""
