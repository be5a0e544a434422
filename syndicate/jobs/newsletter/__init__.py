"""Stories to editions: cut when due, for each selection of readers, with an editor's desk."""
