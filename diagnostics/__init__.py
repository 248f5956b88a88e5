"""Model Clinic's engine: what happened to a model that was good in training and is bad in production."""
