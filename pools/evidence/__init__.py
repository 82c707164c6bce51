"""Evidence: entries of the ledger with proofs that need neither our word nor our key."""
