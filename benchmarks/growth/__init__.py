"""Growth of the database by the months of a city, and what follows for years and larger places."""
