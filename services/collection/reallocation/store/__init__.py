"""SQL of reallocations: a unit's facts, what is recorded of its account, and the differences."""
