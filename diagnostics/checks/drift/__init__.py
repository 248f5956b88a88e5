"""Step 4: are the rows still the ones that the model learnt from?"""
