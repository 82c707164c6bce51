"""A stand-in Core API: a program of its own, for trying the panel and for tests.

Never for production: its keys lie readable in its data file, and it misbehaves on request.
"""
