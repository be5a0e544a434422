"""Jobs that tell other programs and the operator what happened: webhooks and alerts."""
