"""The panel as it is run: watched, backed up, restored, upgraded, moved."""
