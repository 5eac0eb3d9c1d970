"""A month of pensions of a city, measured."""
