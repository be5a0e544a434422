"""Top and trending: scores of stories and their order in lists."""
