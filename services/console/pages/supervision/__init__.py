"""监督 · Trails, data quality, monthly scores, warnings"""
