"""The search: objectives, strategies, and the loop between strategy, ledger and executor."""
