"""Signing in: how django-allauth is bent to this panel. Its pages are in `templates/`."""
