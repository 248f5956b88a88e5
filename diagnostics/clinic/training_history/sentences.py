"""The sentences that name a place of the run, in the three units that files count it in: epochs, steps and rounds."""

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
    N_("From epoch {epoch:number} on the loss is no number any more: the steps became too large to compute with."),
    N_("From step {epoch:number} on the loss is no number any more: the steps became too large to compute with."),
    N_("From round {epoch:number} on the loss is no number any more: the steps became too large to compute with."),
)
GREW: Final = ByUnit(
    N_(
        "The loss grew to {worst:number} by epoch {epoch:number}: gradients multiply from layer to layer and the steps overshoot."
    ),
    N_("The loss grew to {worst:number} by step {epoch:number}: gradients multiply from layer to layer and the steps overshoot."),
    N_(
        "The loss grew to {worst:number} by round {epoch:number}: gradients multiply from layer to layer and the steps overshoot."
    ),
)
BREAKS_OUT: Final = ByUnit(
    N_("The loss breaks out at epoch {epoch:number}: the learning rate may be too high."),
    N_("The loss breaks out at step {epoch:number}: the learning rate may be too high."),
    N_("The loss breaks out at round {epoch:number}: the learning rate may be too high."),
)
BREAKS_OUT_WITH: Final = ByUnit(
    N_("The loss breaks out at epoch {epoch:number}, with a learning rate of up to {rate:number}."),
    N_("The loss breaks out at step {epoch:number}, with a learning rate of up to {rate:number}."),
    N_("The loss breaks out at round {epoch:number}, with a learning rate of up to {rate:number}."),
)
RISES: Final = ByUnit(
    N_(
        "From epoch {epoch:number} on the validation loss rises, from {low:number} to {held:number}, while the training "
        "loss goes on falling to {own:number}."
    ),
    N_(
        "From step {epoch:number} on the validation loss rises, from {low:number} to {held:number}, while the training "
        "loss goes on falling to {own:number}."
    ),
    N_(
        "From round {epoch:number} on the validation loss rises, from {low:number} to {held:number}, while the training "
        "loss goes on falling to {own:number}."
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
        "follow the data."
    ),
    N_(
        "The loss stays at {end:number} from step {epoch:number} on, after {first:number} at the start: the model cannot "
        "follow the data."
    ),
    N_(
        "The loss stays at {end:number} from round {epoch:number} on, after {first:number} at the start: the model cannot "
        "follow the data."
    ),
)
CREEPS: Final = ByUnit(
    N_(
        "The loss creeps from {first:number} to {end:number} and still falls evenly at epoch {last:number}: the steps are "
        "too small."
    ),
    N_(
        "The loss creeps from {first:number} to {end:number} and still falls evenly at step {last:number}: the steps are "
        "too small."
    ),
    N_(
        "The loss creeps from {first:number} to {end:number} and still falls evenly at round {last:number}: the steps are "
        "too small."
    ),
)
CUT: Final = ByUnit(
    N_(
        "Training ended at epoch {last:number} while the loss still fell by {speed:percent} each time: as long again "
        "would bring it from {end:number} to about {later:number}."
    ),
    N_(
        "Training ended at step {last:number} while the loss still fell by {speed:percent} each time: as long again would "
        "bring it from {end:number} to about {later:number}."
    ),
    N_(
        "Training ended at round {last:number} while the loss still fell by {speed:percent} each time: as long again "
        "would bring it from {end:number} to about {later:number}."
    ),
)
LEAPS: Final = ByUnit(
    N_(
        "The loss leaps about from epoch {epoch:number} on and ends at {end:number} after {first:number}: the steps jump "
        "over what they look for."
    ),
    N_(
        "The loss leaps about from step {epoch:number} on and ends at {end:number} after {first:number}: the steps jump "
        "over what they look for."
    ),
    N_(
        "The loss leaps about from round {epoch:number} on and ends at {end:number} after {first:number}: the steps jump "
        "over what they look for."
    ),
)
JUMPS: Final = ByUnit(
    N_(
        "The loss jumps in {jumps:percent} of the points from epoch {epoch:number} on; it went from "
        "{first:number} to {end:number}."
    ),
    N_(
        "The loss jumps in {jumps:percent} of the points from step {epoch:number} on; it went from {first:number} "
        "to {end:number}."
    ),
    N_(
        "The loss jumps in {jumps:percent} of the points from round {epoch:number} on; it went from "
        "{first:number} to {end:number}."
    ),
)
STAYS_VANISHED: Final = N_(
    "The loss stays at {end:number} from the start: nothing is learnt. Without recorded gradients this looks like "
    "gradients that vanish on their way to the first layers."
)
STAYS_DEAD: Final = N_("The loss stays at {end:number} without any change: most units may be dead.")
UNITS_DEAD: Final = N_("{share:percent} of the units of {layer:name} answer zero to every row: they learn nothing any more.")
FIRST_LAYER: Final = N_("The first layer's gradient is only {share:percent} of the last layer's: the first layers hardly learn.")
BEGAN_FAR: Final = N_("The loss begins at {first:number} and then lies still at {end:number}: the first gradients exploded.")
