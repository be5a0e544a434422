"""Job that posts the stories of channels to other networks."""
