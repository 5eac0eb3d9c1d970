"""欠费、滞纳金、催缴、分期与减免 · Arrears, late charges, dunning, payment agreements and waivers"""
