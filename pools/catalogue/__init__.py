"""What Core last showed of every pool: kept on the way of each reading, searched without one."""
