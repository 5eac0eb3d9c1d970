"""Every message again: same keys, new keys, and both outboxes. Nothing may change."""

from __future__ import annotations

from services.demo.closing import credited
from services.demo.collecting import Play, drained, refuse_rejections
from services.demo.office import each
from services.demo.proofs import Proof, State, read_state
from services.demo.stage import Stage

_MOVING = ("settled", "refused", "paid", "returned", "matched", "suspended", "unknown")
"""Words of an answer that would mean something happened."""


async def prove_replay(play: Play, stage: Stage, before: State) -> Proof:
    """Replay all, then compare every balance, every total and the ledger's chain."""
    letters = play.office.letters
    with stage.step("replay", len(letters)) as bar:
        same = await each(letters, play.office.repeat, bar.advance)
        repeats = await play.office.control("/v1/repeats")
        refuse_rejections(repeats)
        vouchers = await _replay_outboxes(play)
        after = await read_state(play)
    faults = []
    if not all(same):
        odd = letters[same.index(False)]
        faults.append(f"{same.count(False)} answers differ, first {odd.service}{odd.path}")
    moved = {word: repeats["counts"].get(word, 0) for word in _MOVING}
    if any(moved.values()):
        faults.append(f"a repeated file had effects: {moved}")
    faults += differences(before, after)
    done = (
        f"{len(letters)} requests, {repeats['letters']} bank and tax files,"
        f" {vouchers} vouchers and bills' persons sent again"
    )
    return Proof("replaying_every_message_changes_nothing", not faults, "; ".join(faults) or done)


async def _replay_outboxes(play: Play) -> int:
    count = 0
    for service in ("collection", "payout"):
        done = await play.office.again("fund_accountant", service, "/v1/outbox/replays")
        count += done["replayed"]
    done = await play.office.again(
        "fund_accountant", "collection", "/v1/personal-deliveries/replays"
    )
    await drained(play)
    await credited(play)
    return count + int(done["replayed"])


def differences(before: State, after: State) -> list[str]:
    """Which parts of the state are not what they were."""
    return [
        f"{part} changed"
        for part in ("funds", "collected", "paid", "chain", "control", "recovered_fen", "persons")
        if getattr(before, part) != getattr(after, part)
    ]
