"""Step 7: with a much simpler model, is it the data or the model?"""
