"""Shapes of sign-in by the site's OpenID provider."""

from __future__ import annotations

from typing import Annotated

from pydantic import StringConstraints

from shared.schema import In, Out

_Text = Annotated[str, StringConstraints(min_length=1, max_length=4096)]


class ProviderOut(Out):
    """The site's OpenID provider, and where it sends people back to."""

    issuer: str
    redirect_url: str


class ProviderAttemptIn(In):
    """A sign-in to begin. Without `redirect_url` the person comes back to the console.

    A command names `http://127.0.0.1:PORT/`, where it waits, if the site allows commands.
    """

    redirect_url: _Text | None = None


class ProviderAttemptOut(Out):
    """The address that a person is sent to, and the state that must come back with them."""

    address: str
    state: str


class ProviderReturnIn(In):
    """The parameters of the return, as they came back with the person."""

    code: _Text
    state: _Text
    iss: _Text | None = None


class ProviderSignOutOut(Out):
    """The address at which a person signs out of the provider too; null where it has none."""

    address: str | None
