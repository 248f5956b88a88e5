"""The sentence of each metric that moved, for `performance`."""

from __future__ import annotations

from typing import Final

from diagnostics.nouns.words import N_

MORE: Final = {
    "error_rate": N_(
        "The error rate rose from {before:percent} to {after:percent} (95% interval {low:percent} to {high:percent})."
    ),
    "brier": N_(
        "The mean squared error of the probabilities rose from {before:number} to {after:number} "
        "(Brier score, 95% interval {low:number} to {high:number})."
    ),
    "mae": N_("The mean error rose from {before:number} to {after:number} (95% interval {low:number} to {high:number})."),
    "rmse": N_(
        "Large errors became larger: the root mean squared error rose from {before:number} to {after:number} "
        "(95% interval {low:number} to {high:number})."
    ),
    "log_loss": N_(
        "The model is sure of more wrong answers: the log loss rose from {before:number} to {after:number} "
        "(95% interval {low:number} to {high:number})."
    ),
    "roc_auc": N_(
        "The model tells the classes apart less well: ROC AUC fell from {before:number} to {after:number} "
        "(95% interval {low:number} to {high:number})."
    ),
    "pr_auc": N_(
        "The rows with the highest scores are less often right: PR AUC fell from {before:number} to {after:number} "
        "(95% interval {low:number} to {high:number})."
    ),
    "precision": N_(
        "Of the rows called {positive:name}, {after:percent} are right, down from {before:percent} "
        "(precision, 95% interval {low:percent} to {high:percent})."
    ),
    "recall": N_(
        "Of the rows that are {positive:name}, {after:percent} are found, down from {before:percent} "
        "(recall, 95% interval {low:percent} to {high:percent})."
    ),
    "f1": N_("F1 fell from {before:number} to {after:number} (95% interval {low:number} to {high:number})."),
    "precision_all": N_(
        "Precision, averaged over the classes, fell from {before:percent} to {after:percent} "
        "(95% interval {low:percent} to {high:percent})."
    ),
    "recall_all": N_(
        "Recall, averaged over the classes, fell from {before:percent} to {after:percent} "
        "(95% interval {low:percent} to {high:percent})."
    ),
    "f1_all": N_(
        "F1, averaged over the classes, fell from {before:number} to {after:number} (95% interval {low:number} to {high:number})."
    ),
}
"""Sentences for a metric that became worse."""

LESS: Final = {
    "error_rate": N_(
        "The error rate fell from {before:percent} to {after:percent} (95% interval {low:percent} to {high:percent})."
    ),
    "brier": N_(
        "The mean squared error of the probabilities fell from {before:number} to {after:number} "
        "(Brier score, 95% interval {low:number} to {high:number})."
    ),
    "mae": N_("The mean error fell from {before:number} to {after:number} (95% interval {low:number} to {high:number})."),
}
