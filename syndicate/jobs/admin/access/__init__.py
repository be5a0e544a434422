"""Actions and views of users, sessions and tokens."""
