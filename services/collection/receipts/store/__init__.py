"""SQL of debit batches, and of returns and moves of receipts."""
