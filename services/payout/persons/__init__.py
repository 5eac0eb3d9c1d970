"""人员 · People whose records were corrected or merged in collection"""
