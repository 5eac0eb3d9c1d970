"""National numbers and the national calendar. Pure; no look-ups, no network."""
