"""Named SQL, one function each, and the shipped data."""
