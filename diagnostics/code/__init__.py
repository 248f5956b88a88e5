"""The static reader of scripts and notebooks: what each name holds and which rows meet. Nothing is ever run."""
