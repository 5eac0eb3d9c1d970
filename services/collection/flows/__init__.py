"""Load, decide, save: one function per step of the procedure."""
