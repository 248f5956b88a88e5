"""Step 3: does the same model give the same answers again, from the same inputs?"""

from __future__ import annotations

from diagnostics.pictures import model_replay, online_offline, pickle_header, replayed, same_input, scaler
from pages.parts.step import Section, step_page

step_page(
    3,
    (
        Section("reproduce.model_replay", model_replay.draw),
        Section("reproduce.replayed", replayed.draw),
        Section("reproduce.online_offline", online_offline.draw),
        Section("reproduce.scaler", scaler.draw),
        Section("reproduce.same_input", same_input.draw),
        Section("reproduce.model_file", pickle_header.draw),
    ),
)
