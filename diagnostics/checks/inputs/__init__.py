"""Step 2: are the inputs complete, in the right format, in a sane range?"""
