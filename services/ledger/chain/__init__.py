"""账链 · The chain of hashes over the books, and its proofs"""
