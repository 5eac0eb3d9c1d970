"""Rules as pure functions over frozen values."""
