"""Signing in: how django-allauth is adapted to this panel. Its pages are in `templates/`."""
