"""Typed client of wuxian: one description of each operation, sent synchronously or asynchronously."""

from wuxian_client import collection, events, files, ledger, payout, webhooks
from wuxian_client.client import AsyncClient, Client
from wuxian_client.credentials import ClientSecret, PrivateKeyJwt
from wuxian_client.errors import (
    ApiError,
    Conflict,
    Fault,
    Forbidden,
    Invalid,
    NotAuthenticated,
    NotFound,
    TooManyRequests,
    Unavailable,
)
from wuxian_client.signing import RequestSigner

__all__ = [
    "ApiError",
    "AsyncClient",
    "Client",
    "ClientSecret",
    "Conflict",
    "Fault",
    "Forbidden",
    "Invalid",
    "NotAuthenticated",
    "NotFound",
    "PrivateKeyJwt",
    "RequestSigner",
    "TooManyRequests",
    "Unavailable",
    "collection",
    "events",
    "files",
    "ledger",
    "payout",
    "webhooks",
]
