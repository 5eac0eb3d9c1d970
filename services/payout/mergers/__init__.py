"""人员合并 · What payout has of a person follows the corrections of persons in collection"""
