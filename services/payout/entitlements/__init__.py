"""待遇资格 · Entitlements to benefits"""
