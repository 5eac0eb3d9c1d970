"""到账、扣款与税务推送 · Receipts, direct debits and pushes of the tax bureau"""
