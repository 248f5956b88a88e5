"""Step 5: do code, libraries and configuration agree?"""
