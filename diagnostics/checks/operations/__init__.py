"""Step 6: what did the service itself say?"""
