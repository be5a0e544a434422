"""Jobs for subscribers: sign-up, choices, unsubscribing."""
