"""What may not be sent, and why."""
