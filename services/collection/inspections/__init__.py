"""稽核立案、发现、处理决定与补收 · Inspections: findings, hearing, decision, back-collection"""
