"""待遇支付 · Entitlements, claims, runs, batches, returns, recoveries, life proofs"""
