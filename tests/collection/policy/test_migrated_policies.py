"""A database of before: who approved a policy is written beside it when it is migrated."""

from collections.abc import Awaitable, Callable
from uuid import uuid4

import asyncpg

from shared.ids import key_of

Upgrade = Callable[[str], Awaitable[None]]
REVISION_BEFORE = "collection_0057"


async def test_a_policy_in_force_keeps_the_name_of_its_approver(
    empty_database_url: str, upgrade_to: Upgrade
) -> None:
    await upgrade_to(REVISION_BEFORE)
    connection = await asyncpg.connect(
        empty_database_url, server_settings={"search_path": "collection"}
    )
    try:
        for pack, status in (("in-force", "in_force"), ("drafted", "draft")):
            policy = uuid4()
            await connection.execute(
                """
                INSERT INTO policy (id, region, pack, title, effective_from, status, content,
                                    content_hash, author)
                VALUES ($1, 'testland', $2, 't', '2021-01-01', $3, '{}', '', 'wang')
                """,
                policy,
                pack,
                status,
            )
            steps = [("draft", "wang"), ("approve", "li")][: 2 if status == "in_force" else 1]
            for step, person in steps:
                await connection.execute(
                    """
                    INSERT INTO trail (shard_key, id, paper, paper_id, step, signs, person, role,
                                       level, district)
                    VALUES ($1, $2, 'policy', $3, $4, true, $5, 'centre_auditor', 'centre',
                            'centre')
                    """,
                    key_of("region", "testland"),
                    uuid4(),
                    policy,
                    step,
                    person,
                )
        await upgrade_to("head")
        found = await connection.fetch("SELECT pack, author, decided_by FROM policy")
        assert {(row["pack"], row["author"], row["decided_by"]) for row in found} >= {
            ("in-force", "wang", "li"),
            ("drafted", "wang", None),
            ("tianjin-2021", "shipped", None),
        }
    finally:
        await connection.close()
