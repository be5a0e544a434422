"""SQL of subscribers, newsletters, editions and deliveries."""
