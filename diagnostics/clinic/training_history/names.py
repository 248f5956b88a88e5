"""What a column of a history means, told by its name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from diagnostics.clinic.training_history.history import GRADIENT, LOSS, RATE, SCORE, VAL_LOSS, VAL_SCORE

EPOCH, STEP = "epoch", "step"

_HELD: Final = re.compile(r"(^|_)(val|valid|validation|eval|evaluation|test|dev|heldout|holdout|held_out)\d*(_|$)")
_TRAIN: Final = re.compile(r"(^|_)(train|training|trn|learn|fit)(_|$)")
_LOSS: Final = re.compile(
    r"(^|_)(loss|losses|objective|cost|nll|elbo|cross_?entropy|xent|logloss|log_loss|mlogloss|binary_logloss|multi_logloss|perplexity|ppl|"
    r"deviance|mse|rmse|mae|mape|rmsle|l1|l2|huber|error|merror|binary_error|multi_error|poisson|gamma_deviance|quantile)(_|$)"
)
_SCORE: Final = re.compile(
    r"(^|_)(acc|accuracy|binary_accuracy|categorical_accuracy|sparse_categorical_accuracy|top_?\d*|auc|auroc|prc|aucpr|f1|fbeta|precision|"
    r"recall|r2|iou|miou|map|ndcg\d*|bleu|rouge\w*|dice|mcc|kappa|score|average_precision)(_|$)"
)
_RATE: Final = re.compile(r"(^|_)(lr|learning_rate|learningrate|eta)(_|$)")
_GRADIENT: Final = re.compile(r"(^|_)(grad|grads|gradient|gradients)_.*norm|(^|_)norm_grad|(^|_)(grad|gradient)norm(_|$)")
_LOSS_WORD: Final = re.compile(r"(^|_)(loss|losses|objective|cost|nll|elbo)(_|$)")


def plain(name: str) -> str:
    """`name` in lower case with underscores between its words: "Train/Loss" becomes "train_loss"."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z][a-z])", "_", name[:200])
    return re.sub(r"[^a-z0-9]+", "_", spaced.lower()).strip("_")


def part_of(name: str) -> str | None:
    """One of PARTS, "epoch", "step", or None."""
    word = plain(name)
    if word in ("epoch", "epochs", "ep", "epoch_number", "current_epoch", "trainer_epoch"):
        return EPOCH
    if word in (
        "step",
        "steps",
        "global_step",
        "trainer_global_step",
        "iteration",
        "iterations",
        "iter",
        "it",
        "batch",
        "n_iter",
        "round",
    ):
        return STEP
    if _GRADIENT.search(word):
        return GRADIENT
    if _RATE.search(word):
        return RATE
    held = bool(_HELD.search(word))
    if _SCORE.search(word) and not _LOSS_WORD.search(word):
        return VAL_SCORE if held else SCORE
    if _LOSS.search(word):
        return VAL_LOSS if held else LOSS
    return None


def guess(names: Iterable[str]) -> dict[str, str]:
    """The best column for each part, "epoch" and "step", by its name; parts without one are left out."""
    best: dict[str, tuple[tuple[int, ...], str]] = {}
    for place, name in enumerate(names):
        part = part_of(name)
        if part is None:
            continue
        rank = (*_rank(name, part), place)
        if part not in best or rank < best[part][0]:
            best[part] = (rank, name)
    return {part: name for part, (_, name) in best.items()}


def _rank(name: str, part: str) -> tuple[int, ...]:
    """Lower is better: a loss that is called loss, of an epoch rather than a step, and short rather than that of one part."""
    word = plain(name)
    bare = _HELD.sub("_", _TRAIN.sub("_", word))
    bare = re.sub(r"(^|_)(epoch|step)(_|$)", "_", bare).strip("_")
    called = 0 if _LOSS_WORD.search(word) or part not in (LOSS, VAL_LOSS) else 1
    if part in (SCORE, VAL_SCORE):
        called = 0 if "acc" in word or "auc" in word else 1
    test = 1 if re.search(r"(^|_)test(_|$)", word) else 0
    exact = 0 if bare in ("loss", "accuracy", "acc", "lr", "learning_rate", "grad_norm", "total_loss", "gradient_norm") else 1
    total = 0 if part != GRADIENT or "total" in word or exact == 0 else 1
    return (total, called, exact, test, 1 if word.endswith("_step") else 0, len(word))


def rising(name: str) -> bool:
    """Whether more of it is better."""
    word = plain(name)
    return bool(_SCORE.search(word)) and not _LOSS.search(word)


def layer_gradients(names: Iterable[str]) -> Mapping[str, str]:
    """Columns with the gradient norm of one layer each, to the layer's name, in the file's order; those of a whole model are
    left out.
    """
    found = {}
    for name in names:
        word = plain(name)
        if (
            _GRADIENT.search(word)
            and "total" not in word
            and word not in ("grad_norm", "gradient_norm", "grads_norm", "train_grad_norm")
        ):
            found[name] = re.sub(r"^.*?norm[_/.]*", "", name) or name
    return found if len(found) > 1 else {}
