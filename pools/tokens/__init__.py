"""People's own tokens: keeping them, and the vault that seals them."""
