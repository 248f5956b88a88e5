"""Names that people give to the columns with a role, in English and some other languages."""

from __future__ import annotations

import re
from typing import Final


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


TARGET: Final = _set(
    "target label labels y y_true ytrue true_label truth ground_truth groundtruth gt actual actuals class classes "
    "outcome response churn churned exited attrition default defaulted loan_status loan_default is_default bad "
    "survived fraud is_fraud isfraud converted conversion revenue deposit subscribed clicked is_click diagnosis "
    "species readmitted cancelled canceled is_canceled quality approved income income_class salary_class "
    "default_payment_next_month target_variable dependent ziel zielvariable klasse etikett cible classe etiquette "
    "objetivo clase etiqueta resultado alvo rotulo doel esito 目标 标签 标记 类别 结果 真实值 是否流失 ラベル 正解 "
    "目的変数 타깃 라벨 цель метка класс"
)
TARGET_ENDS: Final = re.compile(r"^(target|label|true|actual)_|_(target|label|true|actual|outcome|class)$")
PREDICTION: Final = _set(
    "prediction predictions predicted pred preds y_pred ypred y_predicted y_hat yhat y_score y_prob y_proba score "
    "scores proba prob probability probabilities p p1 p_1 phat p_hat model_output model_score model_prediction "
    "model_answer forecast forecasted predicted_label predicted_class predicted_value pred_label scored_label "
    "scored_probability vorhersage wahrscheinlichkeit prognose prevision probabilite prediccion probabilidad "
    "previsao predizione 预测 预测值 预测概率 概率 得分 予測 予測値 예측 прогноз вероятность"
)
PREDICTION_ENDS: Final = re.compile(
    r"^(pred|predicted|prediction|proba|prob|forecast)_|_(pred|preds|prediction|predicted|proba|prob|probability|forecast|hat)$"
)
SCORE_ENDS: Final = re.compile(r"_score$|^score_|^p_")
TIME: Final = _words(
    "timestamp event_timestamp event_time datetime date_time time ts date created_at scored_at predicted_at "
    "logged_at event_date request_time created date_created day zeitstempel datum zeit horodatage fecha hora data "
    "时间 时间戳 日期 日時 日付 시간 날짜 дата время"
)
NOT_TIME: Final = re.compile(r"birth|dob|born|expir|geburt|naissance|nacimiento|生日")
ID: Final = _words(
    "id row_id rowid record_id request_id event_id prediction_id transaction_id sample_id uuid guid index "
    "customer_id user_id client_id unnamed_0 kennung identifiant identificador 编号 序号"
)
ID_ENDS: Final = re.compile(r"(^|_)(id|uuid|guid|key|nr|no)$|[a-z]id$")
SEGMENT: Final = _set(
    "segment region country state city store shop site channel device platform os plan tier group cohort team "
    "department gender sex language market brand branch contract colour color warehouse plant sensor customer_type "
    "product_type visitor_type"
)


def normal(name: str) -> str:
    """A name in lower case with underscores: "customerID" and "Customer Id" are "customer_id"."""
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name.strip())
    return re.sub(r"[\W_]+", "_", snake.lower()).strip("_")


AFFIXES: Final = re.compile(
    r"^(y_)?(predicted|prediction|predict|preds|pred|proba|probability|prob|score|p|forecast|estimated|est|"
    r"vorhersage|prognose|prevision|prediccion|probabilite|probabilidad|预测|予測)_+"
    r"|_+(predicted|prediction|preds|pred|proba|probability|prob|score|forecast|hat|estimate|"
    r"vorhersage|prognose|prevision|prediccion|probabilite|probabilidad|预测值|预测|概率|得分|予測値|予測)$"
    r"|(预测值|预测概率|预测|概率|得分)$|^预测"
)


def meant_by(prediction: str) -> str:
    """The name that a prediction's name is made from, as `normal` gives it: "price" of "predicted_price" or "Price.hat"; "" for
    one that is made from no other.
    """
    whole = normal(prediction)
    bare = AFFIXES.sub("", whole).strip("_")
    return bare if bare != whole else ""
