-- Until now this said that a newsletter had left the file. From now on only an operator pauses one.

UPDATE newsletters SET paused = FALSE;
