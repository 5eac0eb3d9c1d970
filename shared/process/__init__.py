"""A process: its settings, its log, its garbage collector."""
