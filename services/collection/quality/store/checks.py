"""The SQL of the data quality checks, and of the subjects that they look at.

Each check gives one row for every subject that it finds: district, unit, person (or NULL) and a few
words. Every statement may use the period, its first and last day, the district that is asked for, and
the check's own limits.
"""

from __future__ import annotations

from typing import Final

_UNITS: Final = """
    SELECT unit.district, unit.unit_id, CAST(NULL AS bigint) AS person_id
      FROM unit
     WHERE unit.status = 'active'
"""
_COVERS: Final = """
    SELECT unit.district, held.unit_id, held.person_id, held.joined_on, held.left_on
      FROM enrolment AS held
      JOIN unit
        ON unit.unit_id = held.unit_id
     WHERE held.joined_on <= :last AND (held.left_on IS NULL OR held.left_on >= :first)
"""
_HEADS: Final = """
    SELECT head.district, head.unit_id, head.id, head.round, head.policy_id, head.people,
           head.wages_fen, head.unit_wage_total_fen, head.total_fen
      FROM declaration AS head
     WHERE head.period = :period AND head.kind NOT IN ('project', 'extension')
       AND head.status NOT IN ('returned', 'superseded', 'withdrawn')
       AND NOT EXISTS (SELECT 1
                         FROM declaration AS later
                        WHERE later.unit_id = head.unit_id AND later.corrects = head.id
                          AND NOT later.void
                          AND later.status NOT IN ('returned', 'superseded', 'withdrawn'))
"""
_FILED: Final = f"{_HEADS} AND head.kind <> 'default'"
_DECLARED: Final = f"""
    SELECT head.district, head.unit_id, head.policy_id, line.person_id, line.wage_fen,
           line.unit_fen, line.personal_fen
      FROM ({_FILED}) AS head
      JOIN declaration_person AS line
        ON line.unit_id = head.unit_id AND line.declaration_id = head.id
       AND line.round = head.round
"""

SUBJECTS: Final[dict[str, str]] = {
    "units": _UNITS,
    "covers": _COVERS,
    "declared": _DECLARED,
    "declarations": _HEADS,
}
"""SQL of each kind of subject."""


def _yuan(fen: str) -> str:
    return f"to_char({fen} / 100.00, 'FM9999999999990.00')"


def _participation(has: str, lacks: str) -> str:
    """Find people who pay for one insurance at some unit and for another at none."""
    return f"""
        WITH place AS MATERIALIZED (
             SELECT policy.id,
                    max(name.place) FILTER (WHERE name.code = '{has}') AS has,
                    max(name.place) FILTER (WHERE name.code = '{lacks}') AS lacks
               FROM policy
              CROSS JOIN LATERAL jsonb_array_elements_text(policy.content -> 'insurances')
                    WITH ORDINALITY AS name (code, place)
              GROUP BY policy.id),
        line AS MATERIALIZED (
             SELECT line.district, line.unit_id, line.person_id,
                    line.unit_fen[place.has] + line.personal_fen[place.has] > 0 AS has,
                    line.unit_fen[place.lacks] + line.personal_fen[place.lacks] > 0 AS lacks
               FROM ({_DECLARED}) AS line
               JOIN place
                 ON place.id = line.policy_id)
        SELECT paid.district, paid.unit_id, paid.person_id,
               '{has} > 0, {lacks} = 0' AS said
          FROM (SELECT district, unit_id, person_id,
                       bool_or(has) OVER (PARTITION BY person_id) AS has,
                       bool_or(lacks) OVER (PARTITION BY person_id) AS lacks
                  FROM line) AS paid
         WHERE paid.has AND paid.lacks IS NOT TRUE
    """


# A check over several units collects its side first: a distributed database joins by the key only.
_OF_DISTRICT: Final = "(CAST(:district AS text) IS NULL OR district = :district)"
_MET: Final = """
        SELECT district, unit_id, person_id, string_agg(DISTINCT credit_code, '、') AS said
          FROM met
         GROUP BY district, unit_id, person_id
"""

CHECKS: Final[dict[str, str]] = {
    "unit_not_declared": f"""
        SELECT unit.district, unit.unit_id, unit.person_id, '' AS said
          FROM ({_UNITS}) AS unit
         WHERE EXISTS (SELECT 1 FROM ({_COVERS}) AS held WHERE held.unit_id = unit.unit_id)
           AND NOT EXISTS (SELECT 1 FROM ({_FILED}) AS head WHERE head.unit_id = unit.unit_id)
    """,
    "person_not_declared": f"""
        SELECT held.district, held.unit_id, held.person_id,
               '自 ' || min(held.joined_on) AS said
          FROM ({_COVERS}) AS held
         WHERE NOT EXISTS (SELECT 1
                             FROM ({_DECLARED}) AS line
                            WHERE line.unit_id = held.unit_id
                              AND line.person_id = held.person_id)
         GROUP BY held.district, held.unit_id, held.person_id
    """,
    "unit_injury_class_missing": """
        SELECT unit.district, unit.unit_id, CAST(NULL AS bigint) AS person_id, '' AS said
          FROM unit
         WHERE unit.status = 'active' AND unit.injury_class IS NULL
    """,
    "unit_account_missing": """
        SELECT unit.district, unit.unit_id, CAST(NULL AS bigint) AS person_id, '' AS said
          FROM unit
         WHERE unit.status = 'active' AND unit.collector = 'bank_debit' AND unit.bank IS NULL
    """,
    "unit_account_name_differs": """
        SELECT unit.district, unit.unit_id, CAST(NULL AS bigint) AS person_id,
               unit.bank ->> 'name' AS said
          FROM unit
         WHERE unit.status = 'active' AND unit.collector = 'bank_debit'
           AND unit.bank ->> 'name' <> unit.name
    """,
    "wage_placeholder": f"""
        SELECT line.district, line.unit_id, line.person_id, {_yuan("line.wage_fen")} AS said
          FROM ({_DECLARED}) AS line
         WHERE line.wage_fen = ANY(CAST(:placeholders_fen AS bigint[]))
    """,
    "wages_uniform": f"""
        SELECT line.district, line.unit_id, CAST(NULL AS bigint) AS person_id,
               count(*) || ' × ' || {_yuan("min(line.wage_fen)")} AS said
          FROM ({_DECLARED}) AS line
         GROUP BY line.district, line.unit_id
        HAVING count(*) >= :uniform_people AND min(line.wage_fen) = max(line.wage_fen)
    """,
    "people_dropped": f"""
        SELECT head.district, head.unit_id, CAST(NULL AS bigint) AS person_id,
               past.people || ' → ' || head.people AS said
          FROM ({_HEADS}) AS head
          JOIN ({_HEADS.replace(":period", ":before")}) AS past
            ON past.unit_id = head.unit_id
         WHERE past.people >= :dropped_people AND head.people * :dropped_times < past.people
    """,
    "wage_total_below_wages": f"""
        SELECT head.district, head.unit_id, CAST(NULL AS bigint) AS person_id,
               {_yuan("head.unit_wage_total_fen")} || ' < ' || {_yuan("head.wages_fen")} AS said
          FROM ({_HEADS}) AS head
         WHERE head.unit_wage_total_fen < head.wages_fen
    """,
    "wage_low": f"""
        SELECT line.district, line.unit_id, line.person_id, {_yuan("line.wage_fen")} AS said
          FROM ({_DECLARED}) AS line
         WHERE line.wage_fen < :low_fen
    """,
    "wage_high": f"""
        SELECT line.district, line.unit_id, line.person_id, {_yuan("line.wage_fen")} AS said
          FROM ({_DECLARED}) AS line
         WHERE line.wage_fen > :high_fen
    """,
    "wage_jump": f"""
        SELECT line.district, line.unit_id, line.person_id,
               {_yuan("past.wage_fen")} || ' → ' || {_yuan("line.wage_fen")} AS said
          FROM ({_DECLARED}) AS line
          JOIN ({_DECLARED.replace(":period", ":before")}) AS past
            ON past.unit_id = line.unit_id AND past.person_id = line.person_id
         WHERE line.wage_fen > past.wage_fen * :times OR line.wage_fen * :times < past.wage_fen
    """,
    "joined_too_early": f"""
        SELECT held.district, held.unit_id, held.person_id, CAST(min(held.joined_on) AS text) AS said
          FROM ({_COVERS}) AS held
         WHERE held.joined_on < CAST(:earliest AS date)
         GROUP BY held.district, held.unit_id, held.person_id
    """,
    "cover_overlaps": f"""
        WITH held AS MATERIALIZED (
             SELECT * FROM ({_COVERS}) AS cover WHERE {_OF_DISTRICT}),
        met AS MATERIALIZED (
             SELECT held.district, held.unit_id, held.person_id, elsewhere.credit_code
               FROM held
               JOIN enrolment AS other
                 ON other.person_id = held.person_id
                AND (other.unit_id, other.joined_on) <> (held.unit_id, held.joined_on)
                AND other.joined_on <= least(held.left_on, :last)
                AND (other.left_on IS NULL OR other.left_on >= greatest(held.joined_on, :first))
               JOIN unit AS elsewhere
                 ON elsewhere.unit_id = other.unit_id)
        {_MET}
    """,
    "declared_twice": f"""
        WITH line AS MATERIALIZED (
             SELECT district, unit_id, person_id
               FROM ({_DECLARED}) AS declared
              WHERE {_OF_DISTRICT}),
        met AS MATERIALIZED (
             SELECT line.district, line.unit_id, line.person_id, elsewhere.credit_code
               FROM line
               JOIN ({_DECLARED}) AS other
                 ON other.person_id = line.person_id AND other.unit_id <> line.unit_id
               JOIN unit AS elsewhere
                 ON elsewhere.unit_id = other.unit_id)
        {_MET}
    """,
    "account_shared": f"""
        WITH debited AS MATERIALIZED (
             SELECT district, unit_id, bank ->> 'number' AS number
               FROM unit
              WHERE status = 'active' AND {_OF_DISTRICT}),
        met AS MATERIALIZED (
             SELECT debited.district, debited.unit_id, CAST(NULL AS bigint) AS person_id,
                    other.credit_code
               FROM debited
               JOIN unit AS other
                 ON other.bank ->> 'number' = debited.number AND other.unit_id <> debited.unit_id
                AND other.status = 'active')
        {_MET}
    """,
    "declared_without_cover": f"""
        SELECT line.district, line.unit_id, line.person_id, '' AS said
          FROM ({_DECLARED}) AS line
          LEFT JOIN enrolment AS held
            ON held.unit_id = line.unit_id AND held.person_id = line.person_id
           AND held.joined_on <= :last AND (held.left_on IS NULL OR held.left_on >= :first)
         WHERE held.unit_id IS NULL
    """,
    "closed_with_people": """
        SELECT unit.district, unit.unit_id, CAST(NULL AS bigint) AS person_id,
               CAST(count(*) AS text) AS said
          FROM unit
          JOIN enrolment AS held
            ON held.unit_id = unit.unit_id AND held.left_on IS NULL
         WHERE unit.status = 'closed'
         GROUP BY unit.district, unit.unit_id
    """,
    "declaration_does_not_foot": f"""
        WITH head AS MATERIALIZED (
             SELECT * FROM ({_HEADS}) AS head WHERE {_OF_DISTRICT}),
        levied AS MATERIALIZED (
             SELECT head.id, CAST(sum(line.amount_fen) AS bigint) AS total_fen
               FROM head
               JOIN declaration_line AS line
                 ON line.unit_id = head.unit_id AND line.declaration_id = head.id
                AND line.round = head.round
              GROUP BY head.id),
        staff AS MATERIALIZED (
             SELECT head.id, count(*) AS people, CAST(sum(line.wage_fen) AS bigint) AS wages_fen
               FROM head
               JOIN declaration_person AS line
                 ON line.unit_id = head.unit_id AND line.declaration_id = head.id
                AND line.round = head.round
              GROUP BY head.id)
        SELECT head.district, head.unit_id, CAST(NULL AS bigint) AS person_id,
               {_yuan("head.total_fen")} || ' ≠ ' || {_yuan("coalesce(levied.total_fen, 0)")}
                   AS said
          FROM head
          LEFT JOIN levied
            ON levied.id = head.id
          LEFT JOIN staff
            ON staff.id = head.id
         WHERE head.total_fen <> coalesce(levied.total_fen, 0)
            OR head.people <> coalesce(staff.people, 0)
            OR head.wages_fen <> coalesce(staff.wages_fen, 0)
    """,
    "pension_without_medical": _participation("pension", "medical"),
    "medical_without_pension": _participation("medical", "pension"),
}
"""The statement of each check."""
