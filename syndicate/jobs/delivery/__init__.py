"""Jobs that send editions and handle bounces."""
