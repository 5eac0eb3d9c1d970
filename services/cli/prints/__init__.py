"""Commands that print papers and reports of a running service."""
