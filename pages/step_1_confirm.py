from diagnostics.pictures import calibration, error_onset, estimate, performance, segments
from pages.parts.cards import no_picture
from pages.parts.step import Section, step_page

step_page(
    1,
    (
        Section("confirm.sides", no_picture),
        Section("confirm.label_names", no_picture),
        Section("confirm.score_scale", no_picture),
        Section("confirm.performance", performance.draw),
        Section("confirm.error_onset", error_onset.draw),
        Section("confirm.segments", segments.draw),
        Section("confirm.calibration", calibration.draw),
        Section("confirm.estimate", estimate.draw),
    ),
)
