"""批量扣款 · Direct debits: batches, files to banks and the results of banks"""
