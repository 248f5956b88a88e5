"""The sentences of the symptoms; those that name a place of the run are written for epochs, steps and rounds."""

from __future__ import annotations

from typing import Final, NamedTuple

from diagnostics.nouns.words import N_


class ByUnit(NamedTuple):
    """One sentence in the three units of a History."""

    epoch: str
    step: str
    round: str

    def spoken(self, unit: str) -> str:
        return self.step if unit == "step" else self.round if unit == "round" else self.epoch


LOST: Final = ByUnit(
    N_("From epoch {epoch:number} on the loss is not a number: it became too large to compute with."),
    N_("From step {epoch:number} on the loss is not a number: it became too large to compute with."),
    N_("From round {epoch:number} on the loss is not a number: it became too large to compute with."),
)
GREW: Final = ByUnit(
    N_("The loss grew to {worst:number} by epoch {epoch:number}: each step overshoots further than the one before."),
    N_("The loss grew to {worst:number} by step {epoch:number}: each step overshoots further than the one before."),
    N_("The loss grew to {worst:number} by round {epoch:number}: each step overshoots further than the one before."),
)
BREAKS_OUT: Final = ByUnit(
    N_("The loss diverges at epoch {epoch:number}: the learning rate is too high for this model."),
    N_("The loss diverges at step {epoch:number}: the learning rate is too high for this model."),
    N_("The loss diverges at round {epoch:number}: the learning rate is too high for this model."),
)
CLIMBS: Final = N_("The training loss rises from {first:number} to {end:number}: each step makes the model worse.")
RISES: Final = ByUnit(
    N_(
        "From epoch {epoch:number} on the validation loss rises, from {low:number} to {held:number}, while the training "
        "loss keeps falling, to {own:number}."
    ),
    N_(
        "From step {epoch:number} on the validation loss rises, from {low:number} to {held:number}, while the training "
        "loss keeps falling, to {own:number}."
    ),
    N_(
        "From round {epoch:number} on the validation loss rises, from {low:number} to {held:number}, while the training "
        "loss keeps falling, to {own:number}."
    ),
)
APART: Final = ByUnit(
    N_("The training loss falls to {own:number} while the validation loss stays at {held:number} from epoch {epoch:number} on."),
    N_("The training loss falls to {own:number} while the validation loss stays at {held:number} from step {epoch:number} on."),
    N_("The training loss falls to {own:number} while the validation loss stays at {held:number} from round {epoch:number} on."),
)
HIGH_LEVEL: Final = ByUnit(
    N_(
        "The loss stays at {end:number} from epoch {epoch:number} on, after {first:number} at the start: the model cannot "
        "learn more from this data."
    ),
    N_(
        "The loss stays at {end:number} from step {epoch:number} on, after {first:number} at the start: the model cannot "
        "learn more from this data."
    ),
    N_(
        "The loss stays at {end:number} from round {epoch:number} on, after {first:number} at the start: the model cannot "
        "learn more from this data."
    ),
)
CREEPS: Final = ByUnit(
    N_(
        "The loss falls slowly, from {first:number} to {end:number} at epoch {last:number}, and goes on falling: the steps "
        "are too small."
    ),
    N_(
        "The loss falls slowly, from {first:number} to {end:number} at step {last:number}, and goes on falling: the steps "
        "are too small."
    ),
    N_(
        "The loss falls slowly, from {first:number} to {end:number} at round {last:number}, and goes on falling: the steps "
        "are too small."
    ),
)
CUT: Final = ByUnit(
    N_(
        "Training ended at epoch {last:number} while the loss still fell by {speed:percent} per epoch: as long again "
        "would bring it from {end:number} to about {later:number}."
    ),
    N_(
        "Training ended at step {last:number} while the loss still fell by {speed:percent} per point: as long again would "
        "bring it from {end:number} to about {later:number}."
    ),
    N_(
        "Training ended at round {last:number} while the loss still fell by {speed:percent} per round: as long again "
        "would bring it from {end:number} to about {later:number}."
    ),
)
LEAPS: Final = ByUnit(
    N_(
        "The loss jumps up and down from epoch {epoch:number} on and ends at {end:number} after {first:number}: the steps "
        "are too long to settle."
    ),
    N_(
        "The loss jumps up and down from step {epoch:number} on and ends at {end:number} after {first:number}: the steps "
        "are too long to settle."
    ),
    N_(
        "The loss jumps up and down from round {epoch:number} on and ends at {end:number} after {first:number}: the steps "
        "are too long to settle."
    ),
)
JUMPS: Final = ByUnit(
    N_(
        "The loss jumps up at {jumps:percent} of the points from epoch {epoch:number} on; it went from {first:number} to "
        "{end:number}."
    ),
    N_(
        "The loss jumps up at {jumps:percent} of the points from step {epoch:number} on; it went from {first:number} to "
        "{end:number}."
    ),
    N_(
        "The loss jumps up at {jumps:percent} of the points from round {epoch:number} on; it went from {first:number} to "
        "{end:number}."
    ),
)
ONLY_VALIDATION: Final = ByUnit(
    N_("The validation loss is not a number from epoch {epoch:number} on, although the training loss is fine ({own:number})."),
    N_("The validation loss is not a number from step {epoch:number} on, although the training loss is fine ({own:number})."),
    N_("The validation loss is not a number from round {epoch:number} on, although the training loss is fine ({own:number})."),
)
STAYS_VANISHED: Final = N_(
    "The loss stays at {end:number} from the start: nothing is learnt. Gradients may vanish before they reach the first layers; "
    "recording them would show it."
)
STAYS_DEAD: Final = N_("The loss stays at {end:number} from the start: nothing is learnt. Most units may be dead.")
UNITS_DEAD: Final = N_("{share:percent} of the units of {layer:name} are zero for every row: they cannot learn any more.")
GRADIENT_ZERO: Final = N_("The gradient is zero and the loss stays at {end:number}: no unit responds to any row.")
GRADIENT_TINY: Final = N_(
    "The gradient is never larger than {largest:number} and the loss hardly moves: nothing reaches the layers."
)
GRADIENT_HUGE: Final = N_("The gradient reaches {largest:number} and the loss ends at {end:number}: the steps cannot be trusted.")
GRADIENT_LOST: Final = ByUnit(
    N_("From epoch {epoch:number} on a gradient is not a number: it became too large to compute with."),
    N_("From step {epoch:number} on a gradient is not a number: it became too large to compute with."),
    N_("From round {epoch:number} on a gradient is not a number: it became too large to compute with."),
)
FIRST_LAYER: Final = N_("The first layer's gradient is only {share:percent} of the last layer's: the first layers hardly learn.")
BEGAN_FAR: Final = N_("The loss begins at {first:number} and then stays at {end:number}: the first gradients exploded.")
THROWN_OFF: Final = N_(
    "The loss begins at {first:number}, far above what guessing costs, and stays near {end:number}: the first "
    "steps were too long."
)
OVERTHROWN: Final = N_(
    "At the beginning one update was {update:number} times as large as the weights it changed: what they held was lost."
)
ZERO_LOSS: Final = N_(
    "The loss is zero from the start although the score is only {score:percent}: the loss does not fit the model's output."
)
ONE_CLASS: Final = N_(
    "The score stays at {score:percent} from the first point to the last: the model predicts one class for every row."
)
