"""The database as its operator sees it: the administrator, the services' roles, their passwords."""
