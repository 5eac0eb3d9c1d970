"""First pages: what waits, and how the city stands."""
