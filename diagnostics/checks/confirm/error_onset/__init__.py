"""Onset: the check, and a statistic in bins of time with the times at which its level changed."""
