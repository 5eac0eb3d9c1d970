"""A voucher in one row: its lines are arrays, balanced by a check of the row.

A place is a (book, fund, account, district), numbered once; a voucher's row names its places by
number. `entry` stays as a view for whoever reads SQL. The sums by day and the postings by place
are written at checkpoints: the vouchers are the truth, and what is behind a checkpoint is read from
them (decision 0045).
"""

from __future__ import annotations

from typing import Final

from alembic import context, op

from shared.db import role_of

revision = "ledger_0036"
down_revision = "ledger_0035"
branch_labels = None
depends_on = None

ROLE: Final = role_of("ledger")

APPEND_ONLY: Final = (
    "CREATE TRIGGER {0}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {0}"
    " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
)
# A release before this one that still runs must not post what the copy would not hold.
LOCK: Final = "LOCK TABLE slot_head, voucher, entry, bucket IN ACCESS EXCLUSIVE MODE"
PLACES: Final = (
    # Numbers begin at 1 and leave room for 65,536 places in each group of an integer.
    """
    CREATE TABLE place_group (
        number integer          NOT NULL PRIMARY KEY CHECK (number BETWEEN 1 AND 16383),
        book   text COLLATE "C" NOT NULL CHECK (book IN ('statutory', 'memo')),
        fund   text COLLATE "C" NOT NULL,
        UNIQUE (book, fund),
        UNIQUE (number, book, fund)
    )
    """,
    """
    CREATE TABLE place (
        place    integer          NOT NULL PRIMARY KEY,
        number   integer          NOT NULL,
        book     text COLLATE "C" NOT NULL,
        fund     text COLLATE "C" NOT NULL,
        account  text COLLATE "C" NOT NULL,
        district text COLLATE "C" NOT NULL,
        UNIQUE (book, fund, account, district),
        CHECK (place / 65536 = number),
        FOREIGN KEY (number, book, fund) REFERENCES place_group (number, book, fund)
    )
    """,
    """
    INSERT INTO place_group (number, book, fund)
    SELECT row_number() OVER (ORDER BY book, fund), book, fund
      FROM (SELECT DISTINCT book, fund FROM entry) AS booked
    """,
    """
    INSERT INTO place (place, number, book, fund, account, district)
    SELECT g.number * 65536
           + row_number() OVER (PARTITION BY g.number ORDER BY b.account, b.district) - 1,
           g.number, g.book, g.fund, b.account, b.district
      FROM (SELECT DISTINCT book, fund, account, district FROM entry) AS b
      JOIN place_group AS g ON g.book = b.book AND g.fund = b.fund
    """,
    APPEND_ONLY.format("place_group"),
    APPEND_ONLY.format("place"),
    f"GRANT SELECT, INSERT ON place_group, place TO {ROLE}",
)

VOUCHERS: Final = (
    # The group of a line is its place number without the last 17 bits. Lines of one group mostly
    # stand together: then one pass finds every sum at zero.
    """
    CREATE FUNCTION lines_balance(places integer[], amounts bigint[]) RETURNS boolean
        LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
    DECLARE
        net_fen bigint := 0;
        last    integer := places[1] >> 17;
    BEGIN
        IF cardinality(places) <> cardinality(amounts) OR cardinality(places) < 2
           OR array_ndims(places) <> 1 OR array_ndims(amounts) <> 1
           OR array_position(places, NULL) IS NOT NULL
           OR array_position(amounts, NULL) IS NOT NULL
        THEN
            RETURN false;
        END IF;
        FOR line IN 1 .. cardinality(places) LOOP
            IF places[line] >> 17 <> last THEN
                EXIT WHEN net_fen <> 0;
                last := places[line] >> 17;
            END IF;
            net_fen := net_fen
                + CASE WHEN places[line] & 1 = 0 THEN amounts[line] ELSE -amounts[line] END;
        END LOOP;
        IF net_fen = 0 THEN
            RETURN true;
        END IF;
        RETURN NOT EXISTS (
            SELECT FROM unnest(places, amounts) AS one (sided, fen)
             GROUP BY sided >> 17
            HAVING sum(CASE WHEN sided & 1 = 0 THEN fen ELSE -fen END) <> 0);
    END
    $$
    """,
    """
    CREATE TABLE voucher_row (
        seq          bigint           NOT NULL,
        recorded_at  timestamptz      NOT NULL,
        slot         integer          NOT NULL,
        book_date    date             NOT NULL,
        value_date   date,
        reverses_seq bigint,
        source       text COLLATE "C" NOT NULL,
        event_id     text COLLATE "C" NOT NULL,
        owner        text COLLATE "C" NOT NULL,
        kind         text COLLATE "C" NOT NULL,
        period       text COLLATE "C",
        summary      text             NOT NULL,
        refs         jsonb            NOT NULL,
        hold         text COLLATE "C",
        body_hash    bytea            NOT NULL,
        hash         bytea            NOT NULL,
        -- Each line: twice its place's number, and one more for a credit; and its amount in fen.
        places       integer[]        NOT NULL,
        amounts      bigint[]         NOT NULL,
        CONSTRAINT voucher_balanced CHECK (lines_balance(places, amounts)),
        CONSTRAINT voucher_red_reverses CHECK (
            CASE WHEN reverses_seq IS NULL THEN 0 < ALL (amounts) ELSE 0 > ALL (amounts) END)
    )
    """,
    """
    INSERT INTO voucher_row (seq, recorded_at, slot, book_date, value_date, reverses_seq, source,
                             event_id, owner, kind, period, summary, refs, hold, body_hash, hash,
                             places, amounts)
    SELECT v.seq, v.recorded_at, v.slot, v.book_date, v.value_date, v.reverses_seq, v.source,
           v.event_id, v.owner, v.kind, v.period, v.summary, v.refs, v.hold, v.body_hash, v.hash,
           e.places, e.amounts
      FROM voucher AS v
      LEFT JOIN (SELECT slot, seq,
                        array_agg(2 * place + CASE WHEN credit_fen <> 0 THEN 1 ELSE 0 END
                                  ORDER BY line) AS places,
                        array_agg(debit_fen + credit_fen ORDER BY line) AS amounts
                   FROM entry
                   JOIN place USING (book, fund, account, district)
                  GROUP BY slot, seq) AS e ON e.slot = v.slot AND e.seq = v.seq
     ORDER BY v.recorded_at, v.slot, v.seq
    """,
    # Not one entry may be lost on the way: the counts and both sides' sums are compared.
    """
    DO $$
    BEGIN
        IF (SELECT (count(*), coalesce(sum(debit_fen), 0), coalesce(sum(credit_fen), 0))
              FROM entry)
           IS DISTINCT FROM
           (SELECT (count(*),
                    coalesce(sum(fen) FILTER (WHERE sided & 1 = 0), 0),
                    coalesce(sum(fen) FILTER (WHERE sided & 1 = 1), 0))
              FROM voucher_row CROSS JOIN LATERAL unnest(places, amounts) AS line (sided, fen))
        THEN
            RAISE EXCEPTION 'the entries do not match the vouchers: run "wuxian verify" with the '
                'release before this one, and restore what it names';
        END IF;
    END
    $$
    """,
    "ALTER TABLE voucher_row ADD CONSTRAINT voucher_row_pkey PRIMARY KEY (slot, seq)",
    """
    ALTER TABLE voucher_row
        ADD CONSTRAINT voucher_row_one_per_event UNIQUE (slot, source, event_id)
    """,
)

SUMS: Final = (
    """
    CREATE TABLE place_day (
        slot       integer NOT NULL,
        place      integer NOT NULL,
        day        date    NOT NULL,
        debit_fen  bigint  NOT NULL,
        credit_fen bigint  NOT NULL,
        PRIMARY KEY (slot, place, day)
    ) WITH (fillfactor = 70)
    """,
    """
    INSERT INTO place_day (slot, place, day, debit_fen, credit_fen)
    SELECT b.slot, p.place, b.day, b.debit_fen, b.credit_fen
      FROM bucket AS b
      JOIN place AS p USING (book, fund, account, district)
    """,
    # Vouchers of a place and day between two checkpoints: `offsets` from `from_seq` give their
    # sequence numbers, `nets_fen` their debits minus credits there.
    """
    CREATE TABLE place_postings (
        slot     integer   NOT NULL,
        place    integer   NOT NULL,
        day      date      NOT NULL,
        upto_seq bigint    NOT NULL,
        from_seq bigint    NOT NULL,
        postings integer   NOT NULL,
        offsets  integer[] NOT NULL,
        nets_fen bigint[]  NOT NULL,
        PRIMARY KEY (slot, place, day, upto_seq)
    )
    """,
    """
    INSERT INTO place_postings (slot, place, day, upto_seq, from_seq, postings, offsets, nets_fen)
    SELECT slot, place, day, max(seq), chunk * 1000, count(*),
           array_agg(CAST(seq - chunk * 1000 AS integer) ORDER BY seq),
           array_agg(net_fen ORDER BY seq)
      FROM (SELECT slot, seq, (seq - 1) / 1000 AS chunk, sided >> 1 AS place, book_date AS day,
                   CAST(sum(CASE WHEN sided & 1 = 0 THEN fen ELSE -fen END) AS bigint) AS net_fen
              FROM voucher_row CROSS JOIN LATERAL unnest(places, amounts) AS line (sided, fen)
             GROUP BY slot, seq, book_date, sided >> 1) AS posting
     GROUP BY slot, place, day, chunk
    """,
    """
    CREATE TABLE book_checkpoint (
        slot integer NOT NULL PRIMARY KEY,
        seq  bigint  NOT NULL
    ) WITH (fillfactor = 50)
    """,
    "INSERT INTO book_checkpoint (slot, seq) SELECT slot, seq FROM slot_head",
    f"GRANT SELECT, INSERT, UPDATE ON place_day, book_checkpoint TO {ROLE}",
    f"GRANT SELECT, INSERT ON place_postings TO {ROLE}",
    "DROP TABLE bucket, entry, voucher",
    "DROP FUNCTION refuse_unbalanced(), refuse_over_reversal()",
    "ALTER TABLE voucher_row RENAME TO voucher",
    "ALTER INDEX voucher_row_pkey RENAME TO voucher_pkey",
    "ALTER INDEX voucher_row_one_per_event RENAME TO voucher_one_per_event",
    """
    CREATE INDEX voucher_reversing
        ON voucher (slot, reverses_seq) WHERE reverses_seq IS NOT NULL
    """,
    "CREATE INDEX voucher_of_receipt ON voucher ((refs ->> 'receipt'), slot)",
    """
    CREATE INDEX voucher_of_rare_kinds ON voucher (slot, seq)
     WHERE kind IN ('late_fee', 'interest', 'waiver', 'reallocation', 'receipt_return',
                    'refund', 'refund_return')
    """,
    f"GRANT SELECT, INSERT ON voucher TO {ROLE}",
)

GUARDS: Final = (
    APPEND_ONLY.format("voucher"),
    # A row cannot see what it reverses; only red letters are looked at.
    """
    CREATE FUNCTION refuse_over_reversal() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF EXISTS (
            SELECT FROM voucher AS v
             CROSS JOIN LATERAL unnest(v.places, v.amounts) AS line (sided, fen)
             WHERE v.slot = NEW.slot
               AND (v.seq = NEW.reverses_seq OR v.reverses_seq = NEW.reverses_seq)
             GROUP BY sided
            HAVING sum(fen) < 0)
        THEN
            RAISE EXCEPTION 'voucher %/% would be reversed beyond itself',
                NEW.slot, NEW.reverses_seq
                USING ERRCODE = 'check_violation', CONSTRAINT = 'voucher_reversal_within_original';
        END IF;
        RETURN NULL;
    END
    $$
    """,
    """
    CREATE TRIGGER voucher_reversal_within_original AFTER INSERT ON voucher
        FOR EACH ROW WHEN (NEW.reverses_seq IS NOT NULL)
        EXECUTE FUNCTION refuse_over_reversal()
    """,
    """
    CREATE OR REPLACE FUNCTION refuse_closed_day() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        broken record;
    BEGIN
        SELECT fresh.book_date, fresh.slot
          INTO broken
          FROM fresh
          JOIN slot_head ON slot_head.slot = fresh.slot
         WHERE fresh.book_date <= slot_head.closed_until
         LIMIT 1;
        IF FOUND THEN
            RAISE EXCEPTION 'day % of slot % is closed', broken.book_date, broken.slot
                USING ERRCODE = 'check_violation', CONSTRAINT = 'voucher_day_open';
        END IF;
        RETURN NULL;
    END
    $$
    """,
    """
    CREATE TRIGGER voucher_day_open AFTER INSERT ON voucher
        REFERENCING NEW TABLE AS fresh
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_closed_day()
    """,
)

# The vouchers behind a checkpoint are named one by one: the planner then reads just these, however
# old its statistics are.
_BEHIND: Final = """book_checkpoint AS c
      JOIN slot_head AS h ON h.slot = c.slot
     CROSS JOIN LATERAL generate_series(c.seq + 1, h.seq) AS behind (seq)
      JOIN voucher AS v ON v.slot = c.slot AND v.seq = behind.seq"""
VIEWS: Final = (
    """
    CREATE VIEW entry AS
    SELECT v.slot, v.seq, CAST(l.line AS smallint) AS line, p.book, p.fund, p.account, p.district,
           v.book_date, CASE WHEN l.sided & 1 = 0 THEN l.fen ELSE 0 END AS debit_fen,
           CASE WHEN l.sided & 1 = 1 THEN l.fen ELSE 0 END AS credit_fen
      FROM voucher AS v
     CROSS JOIN LATERAL unnest(v.places, v.amounts) WITH ORDINALITY AS l (sided, fen, line)
      JOIN place AS p ON p.place = l.sided >> 1
    """,
    f"""
    CREATE VIEW bucket AS
    SELECT d.slot, p.book, p.fund, p.account, p.district, d.day, d.debit_fen, d.credit_fen
      FROM place_day AS d
      JOIN place AS p ON p.place = d.place
     UNION ALL
    SELECT v.slot, p.book, p.fund, p.account, p.district, v.book_date,
           CASE WHEN l.sided & 1 = 0 THEN l.fen ELSE 0 END,
           CASE WHEN l.sided & 1 = 1 THEN l.fen ELSE 0 END
      FROM {_BEHIND}
     CROSS JOIN LATERAL unnest(v.places, v.amounts) AS l (sided, fen)
      JOIN place AS p ON p.place = l.sided >> 1
    """,
    f"""
    CREATE VIEW posting AS
    SELECT l.slot, p.book, p.fund, p.account, p.district, l.day, l.from_seq + one.behind AS seq,
           one.net_fen
      FROM place_postings AS l
      JOIN place AS p ON p.place = l.place
     CROSS JOIN LATERAL unnest(l.offsets, l.nets_fen) AS one (behind, net_fen)
     UNION ALL
    SELECT v.slot, p.book, p.fund, p.account, p.district, v.book_date, v.seq, one.net_fen
      FROM {_BEHIND}
     CROSS JOIN LATERAL (
           SELECT sided >> 1 AS place,
                  CAST(sum(CASE WHEN sided & 1 = 0 THEN fen ELSE -fen END) AS bigint) AS net_fen
             FROM unnest(v.places, v.amounts) AS l (sided, fen)
            GROUP BY sided >> 1) AS one
      JOIN place AS p ON p.place = one.place
    """,
    f"GRANT SELECT ON entry, bucket, posting TO {ROLE}",
)


FORMER: Final = (
    "LOCK TABLE slot_head, voucher, place_day, book_checkpoint IN ACCESS EXCLUSIVE MODE",
    "DROP VIEW posting",
    "ALTER VIEW entry RENAME TO entry_view",
    "ALTER VIEW bucket RENAME TO bucket_view",
    ("ledger_0001", "CREATE TABLE entry ("),
    "INSERT INTO entry SELECT * FROM entry_view",
    ("ledger_0001", "CREATE INDEX entry_of_account"),
    ("ledger_0001", "CREATE TABLE bucket ("),
    """
    INSERT INTO bucket
    SELECT slot, book, fund, account, district, day, sum(debit_fen), sum(credit_fen)
      FROM bucket_view
     GROUP BY slot, book, fund, account, district, day
    """,
    "DROP VIEW entry_view, bucket_view",
    "DROP TABLE place_day, place_postings, book_checkpoint, place, place_group",
    "DROP TRIGGER voucher_day_open ON voucher",
    "DROP TRIGGER voucher_reversal_within_original ON voucher",
    "ALTER TABLE voucher DROP COLUMN places CASCADE, DROP COLUMN amounts CASCADE",
    "DROP FUNCTION refuse_over_reversal(), lines_balance(integer[], bigint[])",
    ("ledger_0003", "CREATE FUNCTION refuse_over_reversal()"),
    ("ledger_0007", "CREATE OR REPLACE FUNCTION refuse_unbalanced()"),
    ("ledger_0007", "CREATE OR REPLACE FUNCTION refuse_closed_day()"),
    ("ledger_0001", "CREATE TRIGGER entry_balanced"),
    ("ledger_0002", "CREATE TRIGGER bucket_day_open_on_insert"),
    ("ledger_0002", "CREATE TRIGGER bucket_day_open_on_update"),
    APPEND_ONLY.format("entry"),
    f"GRANT SELECT, INSERT ON entry TO {ROLE}",
    f"GRANT SELECT, INSERT, UPDATE ON bucket TO {ROLE}",
)
"""Statements that make the former tables again; a pair is one of an earlier revision, by its words."""


def upgrade() -> None:
    """Rewrite the vouchers, compare them with the entries, and take the rows of entries away."""
    for statement in (LOCK, *PLACES, *VOUCHERS, *SUMS, *GUARDS, *VIEWS):
        op.execute(statement)


def downgrade() -> None:
    """Write the entries and the sums out again."""
    for statement in FORMER:
        op.execute(statement if isinstance(statement, str) else _earlier(*statement))


def _earlier(revision: str, words: str) -> str:
    """Find the statement of an earlier revision that has these words."""
    module = context.script.get_revision(revision).module
    groups = (
        getattr(module, name) for name in ("BOOKS", "TRIGGERS", "UP") if hasattr(module, name)
    )
    return next(one for group in groups for one in group if words in one)
