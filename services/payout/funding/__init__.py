"""用款计划 · Funding plans, requests to finance, plan against actual"""
