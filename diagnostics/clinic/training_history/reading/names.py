"""What a column of a history means, by its name in any of about twenty languages."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Final

from diagnostics.clinic.training_history.history import GRADIENT, LOSS, RATE, SCORE, VAL_LOSS, VAL_SCORE

EPOCH, STEP = "epoch", "step"

_WORDS: Final[Mapping[str, str]] = {
    # Longer words come before those that they begin with: the learning rate before learning, the gradient's norm before norm.
    "learning_rate": (
        "学习率 學習率 学習率 학습률 학습율 lernrate lernschrittweite taux_d_apprentissage tasa_de_aprendizaje "
        "taxa_de_aprendizado taxa_de_aprendizagem tasso_di_apprendimento leersnelheid szybkosc_uczenia "
        "wspolczynnik_uczenia скорость_обучения швидкість_навчання ogrenme_orani inlarningshastighet toc_do_hoc "
        "laju_pembelajaran معدل_التعلم"
    ),
    "grad_norm": (
        "梯度范数 梯度範數 勾配ノルム 기울기_노름 gradientennorm norme_du_gradient norma_del_gradiente норма_градиента"
    ),
    "epoch": (
        "轮次 轮数 训练轮 轮 輪次 周期 纪元 世代 エポック 에포크 에폭 epoche epoque epoca epoka epok эпоха эпохи "
        "епоха donem devir runde durchlauf حقبة युग epook epoh"
    ),
    "step": (
        "迭代次数 迭代 步数 步骤 步 ステップ 반복 스텝 iteration schritt etape pas paso passo stap krok шаг "
        "итерация adim langkah buoc"
    ),
    "accuracy": (
        "准确率 準確率 正确率 正確率 精度 正解率 정확도 genauigkeit trefferquote exactitude precision_globale "
        "exactitud acuracia accuratezza nauwkeurigheid dokladnosc точность точність dogruluk noggrannhet presnost "
        "akurasi do_chinh_xac دقة सटीकता ακριβεια"
    ),
    "precision": "精确率 查准率 適合率 정밀도 prazision precisione precizja точность_класса kesinlik",
    "recall": "召回率 查全率 再現率 재현율 trefferrate rappel exhaustividad revocacao richiamo полнота duyarlilik",
    "score": "得分 分数 スコア 점수 punktzahl punteggio puntuacion pontuacao оценка",
    "loss": (
        "损失 損失 误差 誤差 代价 ロス 손실 오차 verlust fehler kosten perte erreur cout perdida coste costo perda "
        "erro custo perdita errore verlies fout strata blad потери потеря ошибка лосс втрати kayip kayb kaybi hata "
        "forlust ztrata chyba kerugian mat_mat خسارة हानि απωλεια tappio havio"
    ),
    "val": (
        "验证 驗證 校验 検証 검증 validierung validier pruef pruf validation validacion validacao validazione "
        "convalida validatie walidacja walidacyjna walidacyjny валидация валидации валид проверка dogrulama "
        "validering validace validasi kiem_dinh xac_thuc تحقق सत्यापन επικυρωση"
    ),
    "test": "测试 測試 テスト 테스트 시험 prueba teste prova тест",
    "train": (
        "训练 訓練 学習 학습 훈련 entrainement apprentissage entrenamiento treinamento treino addestramento "
        "allenamento trening uczenie обучение обучения обуч тренировка навчання egitim traning trenink pelatihan "
        "huan_luyen تدريب प्रशिक्षण εκπαιδευση lern"
    ),
}
"""English word to the words that stand for it elsewhere, without accents, in lower case, with underscores between words."""

_HELD: Final = re.compile(r"(^|_)(val|valid|validation|eval|evaluation|test|dev|heldout|holdout|held_out)\d*(_|$)")
_TRAIN: Final = re.compile(r"(^|_)(train|training|trn|learn|fit)(_|$)")
_LOSS: Final = re.compile(
    r"(^|_)(loss|losses|objective|cost|nll|elbo|cross_?entropy|xent|logloss|log_loss|mlogloss|binary_logloss|multi_logloss|perplexity|ppl|"
    r"deviance|mse|rmse|mae|mape|rmsle|l1|l2|huber|error|errors|err|merror|binary_error|multi_error|multiclass|poisson|gamma_deviance|"
    r"quantile)(_|$)"
)
_SCORE: Final = re.compile(
    r"(^|_)(acc|accs|accuracy|accuracies|binary_accuracy|categorical_accuracy|sparse_categorical_accuracy|top_?\d*|auc|auroc|prc|aucpr|"
    r"f1|fbeta|precision|recall|r2|iou|miou|map\d*|ap\d*|ndcg\d*|bleu|rouge\w*|dice|mcc|kappa|score|average_precision|rew|reward|rewards|"
    r"return|returns|success_rate)(_|$)"
)
_RATE: Final = re.compile(r"(^|_)(lr|learning_rate|learningrate|eta)\d*(_|$)")
_GRADIENT: Final = re.compile(r"(^|_)(grad|grads|gradient|gradients)_.*norm|(^|_)norm_grad|(^|_)(grad|gradient)norm(_|$)")
_LOSS_WORD: Final = re.compile(r"(^|_)(loss|losses|objective|cost|nll|elbo)(_|$)")
_EPOCHS: Final = frozenset(("epoch", "epochs", "ep", "epoch_number", "current_epoch", "trainer_epoch", "num_epoch"))
_STEPS: Final = frozenset(
    (
        *(
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
        ),
        *("current_steps", "total_timesteps", "time_total_timesteps", "num_updates", "nimg"),
    )
)
_OF_A_GAME: Final = re.compile(
    r"(^|_)(g|d|gen|generator|dis|disc|discriminator|critic)_?(real|fake|adv|gan)?_?(loss|losses)|"
    r"(^|_)(loss|losses)_?(g|d|gen|generator|dis|disc|discriminator|critic)(_|$)"
)
_OF_RETURNS: Final = re.compile(r"(^|_)(rew|reward|rewards|return|returns|ep_rew_mean|episode_reward_mean|eprewmean)(_|$)")


_LETTERS: Final = str.maketrans({"ß": "ss", "ł": "l", "ı": "i", "ø": "o", "đ": "d"})


@lru_cache(maxsize=4096)
def plain(name: str) -> str:
    """`name` in English, lower case, with underscores between its words: "Train/Loss" and "训练损失" become "train_loss"."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z][a-z])", "_", name[:200])
    bare = "".join(c for c in unicodedata.normalize("NFKD", spaced.lower().translate(_LETTERS)) if not unicodedata.combining(c))
    word = re.sub(r"[^\w]+", "_", unicodedata.normalize("NFC", bare)).strip("_")
    for foreign, english in _FOREIGN:
        if foreign.isascii():
            word = re.sub(rf"(^|_){foreign}(?=_|$|s(?:_|$))", rf"\1{english}", word)
            if len(foreign) > 5 and foreign in word:
                word = word.replace(foreign, f"_{english}_")  # German writes Trainingsverlust in one word.
        elif foreign in word:
            word = word.replace(foreign, f"_{english}_")
    return re.sub(r"_+", "_", re.sub(r"[^a-z0-9_]+", "_", word)).strip("_")


def _stripped(word: str) -> str:
    bare = "".join(c for c in unicodedata.normalize("NFKD", word) if not unicodedata.combining(c))
    return unicodedata.normalize("NFC", bare)


_FOREIGN: Final = tuple(
    sorted(
        ((_stripped(foreign), english) for english, words in _WORDS.items() for foreign in words.split()),
        key=lambda pair: -len(pair[0]),
    )
)


def part_of(name: str) -> str | None:
    """One of PARTS, "epoch", "step", or None."""
    word = plain(name)
    if word in _EPOCHS:
        return EPOCH
    if word in _STEPS:
        return STEP
    if re.search(r"(^|_)(time|eta_seconds|eta_secs|elapsed|runtime|memory|per_second)(_|$)", word) and not _LOSS_WORD.search(
        word
    ):
        return None
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
        called = 0 if re.search(r"acc|auc|(^|_)m?ap\d*(_|$)|iou", word) or _OF_RETURNS.search(word) else 1
    test = 1 if re.search(r"(^|_)test(_|$)", word) else 0
    exact = (
        0
        if bare in ("loss", "losses", "accuracy", "acc", "lr", "learning_rate", "grad_norm", "total_loss", "gradient_norm")
        else 1
    )
    total = 0 if part != GRADIENT or "total" in word or exact == 0 else 1
    return (total, called, exact, test, 1 if word.endswith("_step") else 0, len(word))


def rising(name: str) -> bool:
    """Whether more of it is better."""
    word = plain(name)
    return bool(_SCORE.search(word)) and not _LOSS.search(word)


def is_share(name: str) -> bool:
    """Whether it is a share of 1, or of 100 where it is written in percent."""
    return rising(name) and not _OF_RETURNS.search(plain(name)) and not re.search(r"(^|_)(bleu|r2|score)(_|$)", plain(name))


def setting_of(names: Iterable[str]) -> str:
    """One of History's settings: "adversarial" where two networks play against each other, "reinforcement" where returns are
    recorded, else "supervised".
    """
    words = [plain(name) for name in names]
    if len([word for word in words if _OF_A_GAME.search(word)]) >= 2:
        return "adversarial"
    return "reinforcement" if any(_OF_RETURNS.search(word) for word in words) else "supervised"


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
