"""资格认证 · Proofs of life, and comparison with the lists of other offices"""
