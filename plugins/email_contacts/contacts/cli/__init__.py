"""The command line: what would be sent and what would be rejected, without sending."""
