"""Step 3: does the same model give the same answers again, from the same inputs?"""

from __future__ import annotations

from pages.parts.step import step_page

step_page(
    3,
    (
        "reproduce.model_replay",
        "reproduce.replayed",
        "reproduce.online_offline",
        "reproduce.scaler",
        "reproduce.same_input",
        "reproduce.model_file",
    ),
)
