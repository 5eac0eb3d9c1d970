"""身份 · Identity: principals, credentials, sessions, access tokens and their revocation."""
