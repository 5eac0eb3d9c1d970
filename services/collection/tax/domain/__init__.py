"""Rules of what the tax bureau reports: its tickets, their lines, and what became of them. Pure."""
