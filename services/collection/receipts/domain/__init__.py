"""Rules of debits, returns and moves."""
