"""Open pages of the console, clicking."""
