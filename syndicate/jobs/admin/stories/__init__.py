"""Actions and views of stories, articles and saved searches."""
