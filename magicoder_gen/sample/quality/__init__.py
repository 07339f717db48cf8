"""What makes a snippet unfit, before money is spent on it: one block per check."""
