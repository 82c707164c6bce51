"""Every sentence that a person reads and that is not in a template."""
