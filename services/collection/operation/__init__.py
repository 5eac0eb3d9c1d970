"""后台作业 · Work that runs in the background"""
