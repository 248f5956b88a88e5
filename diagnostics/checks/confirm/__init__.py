"""Step 1: is it true, how bad is it, who is hit, and since when?"""
