"""What the pages of the clinic share: training rows, folds, models, scores, and the comparison of remedies."""
