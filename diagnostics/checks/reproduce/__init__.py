"""Step 3: does the same model give the same answer on the same rows?"""
