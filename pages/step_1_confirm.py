from pages.parts.step import step_page

step_page(
    1,
    (
        "confirm.sides",
        "confirm.label_names",
        "confirm.score_scale",
        "confirm.performance",
        "confirm.error_onset",
        "confirm.segments",
        "confirm.calibration",
        "confirm.estimate",
    ),
)
