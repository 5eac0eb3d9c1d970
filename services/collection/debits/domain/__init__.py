"""Rules of direct debits."""
