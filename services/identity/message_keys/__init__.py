"""报文验签公钥 · Public keys with which clients sign their messages (RFC 9421)"""
