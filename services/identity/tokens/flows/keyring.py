"""The keyring: makes, rotates and opens the signing keys, which the database holds sealed."""

from __future__ import annotations

import json

from joserfc.jwk import OKPKey
from sqlalchemy.ext.asyncio import AsyncConnection

from services.identity.common import store as common_store
from services.identity.tokens.domain.signing import (
    PUBLISHED_BEFORE,
    SigningKey,
    signing_now,
    trusted_until,
)
from services.identity.tokens.store import signing as signing_store
from shared import clock
from shared.process.log import logger
from shared.security.field_cipher import CipherBroken, FieldCipher
from shared.security.tokens import new_key, public_of


class Keyring:
    """The signing keys of one installation, opened with the sealing key that identity alone has."""

    def __init__(self, cipher: FieldCipher, token_seconds: int) -> None:
        self.token_seconds = token_seconds
        self._cipher = cipher
        self._opened: dict[str, OKPKey] = {}

    async def signing(self, tx: AsyncConnection) -> OKPKey:
        """Return the key that signs now; make one where none can be opened.

        A database that was restored beside another sealing key has none: its keys are trusted no
        longer, and people and clients only have to ask for new tokens.
        """
        key = signing_now(await signing_store.trusted(tx, clock.now()), clock.now())
        if key is not None:
            try:
                return self._open(key)
            except CipherBroken:
                logger().error("the sealing key does not open the signing key", kid=key.kid)
        return await self.rotate(tx, by="identity", at_once=True)

    async def rotate(self, tx: AsyncConnection, *, by: str, at_once: bool = False) -> OKPKey:
        """Make a new key. The one of before signs a moment longer, and is trusted until its last
        token expires; with `at_once` it is trusted no longer, for a key that somebody has stolen.
        """
        made, now = new_key(), clock.now()
        kid = str(made.kid)
        signs_from = now if at_once else now + PUBLISHED_BEFORE
        sealed = self._cipher.seal(json.dumps(made.as_dict(private=True)))
        key = SigningKey(
            kid=kid,
            public=public_of(made),
            sealed=sealed,
            signs_from=signs_from,
            trusted_until=None,
        )
        await signing_store.insert(tx, key, by)
        until = now if at_once else trusted_until(signs_from)
        await signing_store.end_others(tx, kid, until)
        await common_store.record(tx, "key_made", None, by, kid=kid, at_once=at_once)
        return made

    def _open(self, key: SigningKey) -> OKPKey:
        opened = self._opened.get(key.kid)
        if opened is None:
            opened = OKPKey.import_key(json.loads(self._cipher.open(key.sealed)))
            self._opened[key.kid] = opened
        return opened
