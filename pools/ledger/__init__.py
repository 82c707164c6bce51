"""The ledger: appending to it, its chain and checkpoints, its guard, and its proof."""
