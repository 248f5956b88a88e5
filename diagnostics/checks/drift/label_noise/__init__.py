"""Label noise: the check, and how strongly and how evenly labels contradict their rows."""
