"""Console: the pages that a bureau's people work with, an HTTP client of the four services."""
