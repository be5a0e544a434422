"""Actions and views of editions, deliveries and subscribers."""
