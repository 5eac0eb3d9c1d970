"""The rules of payout, pure: no database, no network, no clock."""
