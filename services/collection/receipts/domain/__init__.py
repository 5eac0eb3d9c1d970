"""Rules of returns and moves."""
