"""SQL of returns and moves of receipts."""
