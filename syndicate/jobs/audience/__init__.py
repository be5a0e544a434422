"""Jobs for subscribers: sign-up, choices and unsubscribing."""
