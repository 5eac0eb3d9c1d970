"""待遇申请与三级审签 · Claims and their three signatures"""
