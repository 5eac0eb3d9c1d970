"""Pages: every module below has a tuple PAGES, which the console finds by itself."""
