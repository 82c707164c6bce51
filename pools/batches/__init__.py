"""Many changes as one list: frozen before anything is sent, then made one by one.

Each item is a change of its own, with an intent, one call and an outcome on the ledger. What
became of the list is read from there. The list of pools as a file, and back, is here as well.
"""
