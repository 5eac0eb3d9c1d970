"""Lines of a declaration in one row, and its people in blocks of a few to a row.

A city's month is half a million lines and two million people, each of which was a row of its own with
its own key. Who reads SQL finds them one by one in the views `declaration_line` and
`declaration_person`, as before.
"""

from __future__ import annotations

from typing import Final

from alembic import op

revision = "collection_0059"
down_revision = "collection_0058"
branch_labels = None
depends_on = None

ROLE: Final = "wuxian_collection"
BLOCK: Final = 24
"""People of a row: it fills half a page, so that nothing of it is stored out of line."""

LINES: Final = (
    # Relief lowers what the unit pays, never what a person pays.
    """
    CREATE FUNCTION reliefs_hold(level text[], party text[], amount_fen bigint[]) RETURNS boolean
    LANGUAGE sql IMMUTABLE AS $$
        SELECT coalesce(bool_and(line.level <> 'relief'
                                 OR (line.party = 'unit' AND line.amount_fen <= 0)), true)
          FROM unnest(level, party, amount_fen) AS line (level, party, amount_fen)
    $$
    """,
    """
    CREATE TABLE declaration_levy (
        unit_id        bigint   NOT NULL,
        declaration_id uuid     NOT NULL,
        round          integer  NOT NULL,
        first_line     smallint NOT NULL CHECK (first_line > 0),
        level          text[]   NOT NULL
            CHECK (level <@ ARRAY['people', 'unit', 'corrected', 'relief']),
        insurance      text[]   NOT NULL CHECK (array_position(insurance, NULL) IS NULL),
        party          text[]   NOT NULL CHECK (party <@ ARRAY['unit', 'personal']),
        account        text[]   NOT NULL CHECK (account <@ ARRAY['pooled', 'personal_account']),
        fund           text[]   NOT NULL CHECK (array_position(fund, NULL) IS NULL),
        rule           text[]   NOT NULL CHECK (array_position(rule, NULL) IS NULL),
        base_fen       bigint[] NOT NULL CHECK (array_position(base_fen, NULL) IS NULL),
        amount_fen     bigint[] NOT NULL CHECK (array_position(amount_fen, NULL) IS NULL),
        PRIMARY KEY (unit_id, declaration_id, round, first_line),
        FOREIGN KEY (unit_id, declaration_id) REFERENCES declaration (unit_id, id),
        CONSTRAINT declaration_levy_lines_are_whole CHECK (
            cardinality(amount_fen) > 0
            AND cardinality(level) = cardinality(amount_fen)
            AND cardinality(insurance) = cardinality(amount_fen)
            AND cardinality(party) = cardinality(amount_fen)
            AND cardinality(account) = cardinality(amount_fen)
            AND cardinality(fund) = cardinality(amount_fen)
            AND cardinality(rule) = cardinality(amount_fen)
            AND cardinality(base_fen) = cardinality(amount_fen)),
        CONSTRAINT declaration_levy_relief CHECK (
            NOT level @> ARRAY['relief'] OR reliefs_hold(level, party, amount_fen))
    )
    """,
    """
    INSERT INTO declaration_levy
    SELECT unit_id, declaration_id, round, min(line_no), array_agg(level ORDER BY line_no),
           array_agg(insurance ORDER BY line_no), array_agg(party ORDER BY line_no),
           array_agg(account ORDER BY line_no), array_agg(fund ORDER BY line_no),
           array_agg(rule ORDER BY line_no), array_agg(base_fen ORDER BY line_no),
           array_agg(amount_fen ORDER BY line_no)
      FROM (SELECT line.*,
                   line_no - row_number() OVER (PARTITION BY unit_id, declaration_id, round
                                                ORDER BY line_no) AS run
              FROM declaration_line AS line) AS line
     GROUP BY unit_id, declaration_id, round, run
    """,
    "DROP TABLE declaration_line",
    """
    CREATE VIEW declaration_line AS
    SELECT levy.unit_id, levy.declaration_id, levy.round,
           CAST(levy.first_line + line.place - 1 AS smallint) AS line_no,
           line.level, line.insurance, line.party, line.account, line.fund, line.rule,
           line.base_fen, line.amount_fen
      FROM declaration_levy AS levy
     CROSS JOIN LATERAL unnest(levy.level, levy.insurance, levy.party, levy.account, levy.fund,
                               levy.rule, levy.base_fen, levy.amount_fen)
           WITH ORDINALITY AS line (level, insurance, party, account, fund, rule, base_fen,
                                    amount_fen, place)
    """,
    f"GRANT SELECT, INSERT ON declaration_levy TO {ROLE}",
    f"GRANT SELECT ON declaration_line TO {ROLE}",
)

# Amounts by insurance stand person by person. Who has no wages of his or her own has -1 in `asked_fen`.
_OF_PERSON: Final = (
    "people.{0}[CAST((person.place - 1) * people.insurances + 1 AS integer)"
    " : CAST(person.place * people.insurances AS integer)]"
)
PEOPLE: Final = (
    """
    CREATE TABLE declaration_people (
        unit_id        bigint   NOT NULL,
        declaration_id uuid     NOT NULL,
        round          integer  NOT NULL,
        first_line     integer  NOT NULL CHECK (first_line > 0),
        insurances     smallint NOT NULL CHECK (insurances > 0),
        person_id      bigint[] NOT NULL CHECK (array_position(person_id, NULL) IS NULL),
        wage_fen       bigint[] NOT NULL CHECK (array_position(wage_fen, NULL) IS NULL),
        asked_fen      bigint[],
        base_fen       bigint[] NOT NULL,
        unit_fen       bigint[] NOT NULL,
        personal_fen   bigint[] NOT NULL,
        PRIMARY KEY (unit_id, declaration_id, round, first_line),
        CONSTRAINT declaration_people_are_whole CHECK (
            cardinality(person_id) > 0
            AND cardinality(wage_fen) = cardinality(person_id)
            AND (asked_fen IS NULL
                 OR cardinality(asked_fen) = cardinality(person_id) * insurances)
            AND cardinality(base_fen) = cardinality(person_id) * insurances
            AND cardinality(unit_fen) = cardinality(person_id) * insurances
            AND cardinality(personal_fen) = cardinality(person_id) * insurances)
    ) WITH (toast_tuple_target = 8160)
    """,
    *(
        f"ALTER TABLE declaration_people ALTER COLUMN {name} SET STORAGE EXTERNAL"
        for name in ("person_id", "wage_fen", "asked_fen", "base_fen", "unit_fen", "personal_fen")
    ),
    f"""
    INSERT INTO declaration_people
    SELECT unit_id, declaration_id, round, min(line_no), cardinality(min(base_fen)),
           array_agg(person_id ORDER BY line_no), array_agg(wage_fen ORDER BY line_no),
           CASE WHEN count(asked_fen) > 0 THEN
               ARRAY(SELECT unnest(array_agg(coalesce(asked_fen,
                                                      array_fill(CAST(-1 AS bigint),
                                                                 ARRAY[cardinality(base_fen)]))
                                             ORDER BY line_no)))
           END,
           ARRAY(SELECT unnest(array_agg(base_fen ORDER BY line_no))),
           ARRAY(SELECT unnest(array_agg(unit_fen ORDER BY line_no))),
           ARRAY(SELECT unnest(array_agg(personal_fen ORDER BY line_no)))
      FROM (SELECT numbered.*,
                   (row_number() OVER (PARTITION BY unit_id, declaration_id, round, run
                                       ORDER BY line_no) - 1) / {BLOCK} AS block
              FROM (SELECT line.*,
                           line_no - row_number() OVER (PARTITION BY unit_id, declaration_id, round
                                                        ORDER BY line_no) AS run
                      FROM declaration_person AS line) AS numbered) AS line
     GROUP BY unit_id, declaration_id, round, run, block
    """,
    "DROP TABLE declaration_person",
    f"""
    CREATE VIEW declaration_person AS
    SELECT people.unit_id, people.declaration_id, people.round,
           CAST(people.first_line + person.place - 1 AS integer) AS line_no,
           people.first_line, person.person_id, person.wage_fen,
           CASE WHEN people.asked_fen[CAST((person.place - 1) * people.insurances + 1 AS integer)]
                     >= 0
                THEN {_OF_PERSON.format("asked_fen")} END AS asked_fen,
           {_OF_PERSON.format("base_fen")} AS base_fen,
           {_OF_PERSON.format("unit_fen")} AS unit_fen,
           {_OF_PERSON.format("personal_fen")} AS personal_fen
      FROM declaration_people AS people
     CROSS JOIN LATERAL unnest(people.person_id, people.wage_fen)
           WITH ORDINALITY AS person (person_id, wage_fen, place)
    """,
    f"GRANT SELECT, INSERT ON declaration_people TO {ROLE}",
    f"GRANT SELECT ON declaration_person TO {ROLE}",
)
DOWN: Final = (
    "ALTER VIEW declaration_line RENAME TO declaration_lines",
    """
    CREATE TABLE declaration_line (
        unit_id        bigint   NOT NULL,
        declaration_id uuid     NOT NULL,
        round          integer  NOT NULL,
        line_no        smallint NOT NULL,
        level          text     NOT NULL CHECK (level IN ('people', 'unit', 'corrected', 'relief')),
        insurance      text     NOT NULL,
        party          text     NOT NULL CHECK (party IN ('unit', 'personal')),
        account        text     NOT NULL CHECK (account IN ('pooled', 'personal_account')),
        fund           text     NOT NULL,
        rule           text     NOT NULL,
        base_fen       bigint   NOT NULL,
        amount_fen     bigint   NOT NULL,
        PRIMARY KEY (unit_id, declaration_id, round, line_no),
        FOREIGN KEY (unit_id, declaration_id) REFERENCES declaration (unit_id, id),
        CONSTRAINT declaration_line_relief_check
            CHECK (level <> 'relief' OR (party = 'unit' AND amount_fen <= 0))
    )
    """,
    "INSERT INTO declaration_line SELECT * FROM declaration_lines",
    "DROP VIEW declaration_lines",
    "DROP TABLE declaration_levy",
    "DROP FUNCTION reliefs_hold(text[], text[], bigint[])",
    "ALTER VIEW declaration_person RENAME TO declaration_persons",
    """
    CREATE TABLE declaration_person (
        unit_id        bigint   NOT NULL,
        declaration_id uuid     NOT NULL,
        round          integer  NOT NULL,
        line_no        integer  NOT NULL,
        person_id      bigint   NOT NULL,
        wage_fen       bigint   NOT NULL,
        asked_fen      bigint[],
        base_fen       bigint[] NOT NULL,
        unit_fen       bigint[] NOT NULL,
        personal_fen   bigint[] NOT NULL,
        PRIMARY KEY (unit_id, declaration_id, round, line_no)
    )
    """,
    """
    INSERT INTO declaration_person
    SELECT unit_id, declaration_id, round, line_no, person_id, wage_fen, asked_fen, base_fen,
           unit_fen, personal_fen
      FROM declaration_persons
    """,
    "DROP VIEW declaration_persons",
    "DROP TABLE declaration_people",
    f"GRANT SELECT, INSERT ON declaration_line, declaration_person TO {ROLE}",
)


def upgrade() -> None:
    """Put the lines and the people into wide rows, and the views in their place."""
    for statement in (*LINES, *PEOPLE):
        op.execute(statement)


def downgrade() -> None:
    """Put each line and each person into a row again."""
    for statement in DOWN:
        op.execute(statement)
