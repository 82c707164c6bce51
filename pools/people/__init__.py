"""People: what is done to them, their roles, and codes for a new password."""
