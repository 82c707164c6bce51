"""What other programs are told of the ledger: each entry as an event of OCSF, in order."""
