"""Beyond one session: the evidence lake, the engines it runs on, and the measurements of all budgets."""
