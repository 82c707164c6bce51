"""What only commands call: moving to another database, and sealing tokens again."""
