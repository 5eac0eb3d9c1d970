"""SQL of direct debits."""
