"""Status updates: `update` says when one is due and what is sent where, `deliver` sends it to webhooks."""
