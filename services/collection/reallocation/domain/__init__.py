"""Rules of reallocation: replay a unit's account, compare it with what is recorded, book the difference."""
