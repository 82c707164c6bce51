"""A real OpenID provider on this machine, and a browser that signs in with it."""
