"""重新分账 · Accounts that are reallocated when facts become known out of order"""
