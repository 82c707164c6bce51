"""The forms that people fill in. Their checks are made before anything is sent."""
