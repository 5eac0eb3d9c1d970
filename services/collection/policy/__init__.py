"""政策 · Policies by region and day: rates, bases, charges, order of allocation"""
