"""Rules of the books: frozen values and pure functions, no input or output."""
