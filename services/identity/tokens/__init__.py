"""令牌 · Access tokens, signing keys and revocation"""
