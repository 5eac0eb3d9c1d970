"""核定与试算 · Calculation of contributions, and quotes"""
