"""Mail: messages, signatures, senders (SMTP or a folder), and bounces."""
