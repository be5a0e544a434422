-- Stories that several sources told, counted without reading all stories.
CREATE INDEX stories_covered ON stories (coverage) WHERE coverage > 1;
