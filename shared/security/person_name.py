"""Names of people: those that differ only in case, width or blanks are one person's.

A name is stored as it was given; it is folded where it is compared, in Python and in SQL alike.
"""

from __future__ import annotations

import unicodedata


def folded(name: str) -> str:
    """Fold a name: one width, lower case, no blanks."""
    return "".join(unicodedata.normalize("NFKC", name).lower().split())


def same_person(one: str, other: str) -> bool:
    """Tell whether two names are one person's."""
    return folded(one) == folded(other)


def folded_sql(name: str) -> str:
    """Write the same fold as an SQL expression over a column or a parameter."""
    return f"lower(regexp_replace(normalize(CAST({name} AS text), NFKC), '[[:space:]]+', '', 'g'))"
