"""Commands for subscribers, deliveries and bounces."""
