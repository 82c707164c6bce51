"""What people keep for whoever decides: allowances and notes."""
