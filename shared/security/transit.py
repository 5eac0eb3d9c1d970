"""Personal values on their way between two services: under a key that both have, at rest in neither.

Each service seals what it stores with keys of its own. A value that goes to another service is opened
and sealed anew with the installation's exchange key, under the label of its meaning.
"""

from __future__ import annotations

from shared.security.field_cipher import FieldCipher
from shared.security.identity import Identity


class Transit:
    """Seals what a service has stored under a label for another service."""

    def __init__(self, identity: Identity, label: str) -> None:
        self._stored = FieldCipher(identity.field_keys, label)
        self._sent = FieldCipher(identity.exchange_key, label)

    def send(self, stored: bytes) -> bytes:
        """Seal a stored value for the way.

        Raises:
            CipherBroken: it was not sealed with this service's keys and label.
        """
        return self.seal(self._stored.open(stored))

    def seal(self, value: str) -> bytes:
        """Seal a value for the way."""
        return self._sent.seal(value)

    def receive(self, sent: bytes) -> str:
        """Read a value that another service sent.

        Raises:
            CipherBroken: the other service has another exchange key.
        """
        return self._sent.open(sent)
