# ruff: noqa: E501 - one script is one line
"""Short scripts in the styles people write, each with the codes that must be found in it."""

from __future__ import annotations

from typing import Final

HEAD: Final = """
import numpy as np
import optuna
import pandas as pd
from sklearn.preprocessing import StandardScaler, MinMaxScaler, LabelEncoder, OneHotEncoder, Normalizer, TargetEncoder
from sklearn.impute import SimpleImputer
from sklearn.feature_selection import SelectKBest
from sklearn.feature_extraction.text import TfidfVectorizer, HashingVectorizer
from sklearn.decomposition import PCA
from sklearn.model_selection import GridSearchCV, KFold, cross_val_score, train_test_split
from sklearn.linear_model import LogisticRegression
from sklearn.ensemble import RandomForestClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline, Pipeline
from sklearn.compose import ColumnTransformer
from sklearn.metrics import accuracy_score, f1_score, roc_curve
from sklearn.utils import resample
from imblearn.over_sampling import SMOTE
from imblearn.under_sampling import RandomUnderSampler
from xgboost import XGBClassifier
df = pd.read_csv("rows.csv")
"""
XY: Final = "X = df.drop(columns=['bought'])\ny = df['bought']\n"
SPLIT: Final = "X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)\n"
FIT: Final = "model = LogisticRegression().fit(X_train, y_train)\nprint(model.score(X_test, y_test))\n"

PREPROCESSING: Final = {
    "scaler": XY + "X = StandardScaler().fit_transform(X)\n" + SPLIT + FIT,
    "fit_then_transform": XY + "scaler = MinMaxScaler()\nscaler.fit(X)\nX = scaler.transform(X)\n" + SPLIT + FIT,
    "fit_on_all_applied_to_parts": XY + "scaler = StandardScaler().fit(X)\n" + SPLIT + "X_train = scaler.transform(X_train)\n" + FIT,
    "columns_in_place": "cols = ['age', 'income']\ndf[cols] = StandardScaler().fit_transform(df[cols])\n" + XY + SPLIT + FIT,
    "mean_filled": "df['age'] = df['age'].fillna(df['age'].mean())\n" + XY + SPLIT + FIT,
    "filled_in_place": "df['age'].fillna(df['age'].median(), inplace=True)\n" + XY + SPLIT + FIT,
    "standardised_by_hand": XY + "X = (X - X.mean()) / X.std()\n" + SPLIT + FIT,
    "scaled_by_hand": XY + "X = (X - X.min()) / (X.max() - X.min())\n" + SPLIT + FIT,
    "imputer_in_loop": "for c in ['age', 'income']:\n    df[c] = SimpleImputer().fit_transform(df[[c]])\n" + XY + SPLIT + FIT,
    "selector_mask": XY + "best = SelectKBest(k=5).fit(X, y)\nX = X.loc[:, best.get_support()]\n" + SPLIT + FIT,
    "vectoriser": "X = TfidfVectorizer().fit_transform(df['text'])\ny = df['label']\n" + SPLIT + FIT,
    "chained": XY + "X = pd.DataFrame(PCA(2).fit_transform(StandardScaler().fit_transform(X)))\n" + SPLIT + FIT,
    "undersampler": XY + "X, y = RandomUnderSampler().fit_resample(X, y)\n" + SPLIT + FIT,
    "one_hot": XY + "X = OneHotEncoder().fit_transform(X)\n" + SPLIT + FIT,
    "applied_encoder": "df[['a', 'b']] = df[['a', 'b']].apply(LabelEncoder().fit_transform)\n" + XY + SPLIT + FIT,
    "cross_validation": XY + "X = StandardScaler().fit_transform(X)\nprint(cross_val_score(LogisticRegression(), X, y, cv=5))\n",
    "search": XY + "X = StandardScaler().fit_transform(X)\nGridSearchCV(LogisticRegression(), {'C': [1, 2]}).fit(X, y)\n",
    "folds": XY
    + "X = StandardScaler().fit_transform(X)\nfor a, b in KFold(5).split(X):\n    LogisticRegression().fit(X[a], y[a]).score(X[b], y[b])\n",
    "on_test": XY + SPLIT + "s = StandardScaler()\nX_train = s.fit_transform(X_train)\nX_test = s.fit_transform(X_test)\n" + FIT,
    "on_both": XY + SPLIT + "s = StandardScaler().fit(np.vstack([X_train, X_test]))\nX_train = s.transform(X_train)\n" + FIT,
    "two_files": "test = pd.read_csv('test.csv')\nall_rows = pd.concat([df, test])\n"
    "all_rows['age'] = StandardScaler().fit_transform(all_rows[['age']])\ntrain = all_rows[:len(df)]\ntest = all_rows[len(df):]\n",
    "in_function": "def prepare(frame):\n    X = frame.drop(columns=['bought'])\n    return StandardScaler().fit_transform(X), frame['bought']\n"
    "X, y = prepare(df)\n" + SPLIT + FIT,
    "function_changes_its_table": "def scale(frame):\n    frame['age'] = StandardScaler().fit_transform(frame[['age']])\nscale(df)\n"
    + XY + SPLIT + FIT,
    "in_class": "class Job:\n    def __init__(self):\n        self.scaler = StandardScaler()\n    def run(self, X, y):\n"
    "        X = self.scaler.fit_transform(X)\n        return train_test_split(X, y)\n",
    "never_called": "def main():\n    X = StandardScaler().fit_transform(df)\n    train, test = train_test_split(X)\n",
    "sliced": XY + "X = MinMaxScaler().fit_transform(X)\nn = int(len(X) * 0.8)\nX_train, X_test = X[:n], X[n:]\n",
    "one_branch": XY + "if True:\n    X = StandardScaler().fit_transform(X)\n" + SPLIT + FIT,
    "keras_share": XY + "X = StandardScaler().fit_transform(X)\nmodel.fit(X, y, validation_split=0.2)\n",
    "pipeline_of_steps": XY + "p = Pipeline([('i', SimpleImputer()), ('s', StandardScaler())])\nX = p.fit_transform(X)\n" + SPLIT + FIT,
    "filter_by_quantile": "df = df[df['price'] < df['price'].quantile(0.99)]\n" + XY + SPLIT + FIT,
    "column_transformer": XY + "ct = ColumnTransformer([('s', StandardScaler(), ['age'])])\nX = ct.fit_transform(X)\n" + SPLIT + FIT,
    "chosen_by_correlation": "best = df.corr()['bought'].abs().nlargest(3).index.drop('bought')\nX = df[best]\ny = df['bought']\n" + SPLIT + FIT,
    "chosen_by_importance": XY + "found = RandomForestClassifier(9).fit(X, y)\nbest = np.argsort(found.feature_importances_)[::-1][:2]\n"
    "X = X.iloc[:, best]\n" + SPLIT + FIT,
    "chosen_by_correlation_in_folds": XY + "best = X.corrwith(y).abs().nlargest(2).index\ncross_val_score(LogisticRegression(), X[best], y, cv=5)\n",
    "bins_of_quantiles": "df['age'] = pd.qcut(df['age'], 4, labels=False)\n" + XY + SPLIT + FIT,
    "clipped_at_quantiles": "low, high = df['age'].quantile(0.05), df['age'].quantile(0.95)\ndf['age'] = df['age'].clip(low, high)\n" + XY + SPLIT + FIT,
    "outliers_left_out": "q1, q3 = df['age'].quantile([0.25, 0.75])\nbound = 1.5 * (q3 - q1)\n"
    "df = df[(df['age'] > q1 - bound) & (df['age'] < q3 + bound)]\n" + XY + SPLIT + FIT,
    "means_of_a_group": "df['age'] = df['age'].fillna(df.groupby('city')['age'].transform('median'))\n" + XY + SPLIT + FIT,
    "means_in_a_dict": "means = {name: df[name].mean() for name in ['age', 'income']}\ndf = df.fillna(means)\n" + XY + SPLIT + FIT,
    "loop_of_encoders": "encoder = LabelEncoder()\nfor c in ['job', 'city']:\n    df[c] = encoder.fit_transform(df[c])\n" + XY + SPLIT + FIT,
    "sides_by_mask": "df['age'] = StandardScaler().fit_transform(df[['age']])\ntrain = df[df['income'] < 52]\ntest = df[df['income'] >= 52]\n"
    "model = LogisticRegression().fit(train[['age']], train['bought'])\nprint(model.score(test[['age']], test['bought']))\n",
    "sides_without_names": "df['age'] = (df['age'] - df['age'].mean()) / df['age'].std()\nn = int(len(df) * 0.8)\n"
    "model = LogisticRegression().fit(df[['age']][:n], df['bought'][:n])\nprint(model.score(df[['age']][n:], df['bought'][n:]))\n",
    "methods_apart": "class Job:\n    def __init__(self, rows):\n        self.rows = rows\n    def scale(self):\n"
    "        self.rows[['age']] = StandardScaler().fit_transform(self.rows[['age']])\n    def split(self):\n"
    "        return train_test_split(self.rows, random_state=0)\njob = Job(df)\njob.scale()\ntrain, test = job.split()\n"
    "print(LogisticRegression().fit(train[['age']], train['bought']).score(test[['age']], test['bought']))\n",
    "grid_by_name": XY + "X = StandardScaler().fit_transform(X)\ngrid = {'C': [0.1, 1]}\nsearch = GridSearchCV(LogisticRegression(), grid, cv=3)\n"
    "search.fit(X, y)\nprint(search.best_score_)\n",
    "three_parts": "df[['age']] = StandardScaler().fit_transform(df[['age']])\n"
    "train, valid, test = df[:90].copy(), df[90:120].copy(), df[120:].copy()\n",
}  # fmt: skip

OVERLAP: Final = {
    "smote_before": XY + "X, y = SMOTE().fit_resample(X, y)\n" + SPLIT + FIT,
    "drawn_again": "few = df[df['bought'] == 1]\nmore = resample(few, replace=True, n_samples=900)\ndf = pd.concat([df, more])\n"
    + XY + SPLIT + FIT,
    "sample_with_replacement": "df = df.sample(5000, replace=True)\n" + XY + SPLIT + FIT,
    "stacked_on_itself": "df = pd.concat([df, df.copy()])\n" + XY + SPLIT + FIT,
    "two_splits": XY + SPLIT + "model = LogisticRegression().fit(X_train, y_train)\n"
    "X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=1)\nprint(model.score(X_test, y_test))\n",
    "slices": "train = df[:800]\ntest = df[700:1000]\n",
    "fitted_on_all": XY + SPLIT + "model = LogisticRegression()\nmodel.fit(X, y)\nprint(accuracy_score(y_test, model.predict(X_test)))\n",
}  # fmt: skip

TARGET: Final = {
    "kept": "X = df\ny = df['bought']\n" + SPLIT + FIT,
    "in_the_list": "cols = ['age', 'bought']\nX = df[cols]\ny = df['bought']\n" + SPLIT + FIT,
    "computed_from_it": "df['share'] = df['bought'] / df['visits']\n" + XY + SPLIT + FIT,
    "binned_from": "df['dear'] = (df['price'] > 50).astype(int)\nX = df.drop(columns=['dear'])\ny = df['dear']\n" + SPLIT + FIT,
    "encoder": XY + "X = TargetEncoder().fit_transform(X, y)\n" + SPLIT + FIT,
    "group_means": "means = df.groupby('city')['bought'].mean()\ndf['city_rate'] = df['city'].map(means)\n" + XY + SPLIT + FIT,
    "group_transform": "df['rate'] = df.groupby('city')['bought'].transform('mean')\n" + XY + SPLIT + FIT,
}

DATES: Final = "df['date'] = pd.to_datetime(df['date'])\ndf = df.sort_values('date')\n"
UNDATED: Final = "X = df.drop(columns=['bought', 'date'])\ny = df['bought']\n"
TEMPORAL: Final = {
    "random_split": DATES + "df['before'] = df['sales'].shift(1)\ndf = df.dropna()\nX = df[['before']]\ny = df['bought']\n" + SPLIT + FIT,
    "sorted_only": DATES + UNDATED + SPLIT + FIT,
    "shuffled_folds": DATES + UNDATED + "cross_val_score(LogisticRegression(), X, y, cv=KFold(5, shuffle=True))\n",
    "backward_fill": DATES + "df = df.bfill()\n" + UNDATED + "X_train, X_test = train_test_split(X, shuffle=False)\n",
    "fillna_backward": DATES + "df = df.fillna(method='bfill')\n" + UNDATED + "X_train, X_test = train_test_split(X, shuffle=False)\n",
    "centred": DATES + "df['smooth'] = df['sales'].rolling(7, center=True).mean()\n",
    "next_value": DATES + "df['next'] = df['price'].shift(-1)\ndf = df.dropna()\n" + UNDATED
    + "X_train, X_test, y_train, y_test = train_test_split(X, y, shuffle=False)\n" + FIT,
}  # fmt: skip

REPEATED: Final = {
    "loop": XY + SPLIT + "for k in range(1, 20):\n    knn = KNeighborsClassifier(n_neighbors=k)\n    knn.fit(X_train, y_train)\n"
    "    print(knn.score(X_test, y_test))\n",
    "stops_on_test": XY + SPLIT + "m = XGBClassifier(early_stopping_rounds=10)\nm.fit(X_train, y_train, eval_set=[(X_test, y_test)])\n"
    "print(accuracy_score(y_test, m.predict(X_test)))\n",
    "threshold_loop": XY + SPLIT + FIT + "p = model.predict_proba(X_test)[:, 1]\nfor t in np.arange(0.1, 0.9, 0.1):\n"
    "    print(f1_score(y_test, p > t))\n",
    "threshold_from_curve": XY + SPLIT + FIT + "p = model.predict_proba(X_test)[:, 1]\nfpr, tpr, cuts = roc_curve(y_test, p)\n"
    "best = cuts[np.argmax(tpr - fpr)]\nprint(accuracy_score(y_test, p > best))\n",
    "best_by_key": XY + SPLIT + FIT + "p = model.predict_proba(X_test)[:, 1]\n"
    "best = max(np.arange(0.1, 0.9, 0.1), key=lambda t: f1_score(y_test, p > t))\nprint(best)\n",
    "study": XY + SPLIT + "def objective(trial):\n    m = LogisticRegression(C=trial.suggest_float('C', 0, 1))\n"
    "    m.fit(X_train, y_train)\n    return m.score(X_test, y_test)\nstudy = optuna.create_study()\nstudy.optimize(objective, n_trials=2)\n",
}  # fmt: skip

CLEAN: Final = {
    "in_order": XY + SPLIT + "s = StandardScaler()\nX_train = s.fit_transform(X_train)\nX_test = s.transform(X_test)\n" + FIT,
    "pipeline": XY + SPLIT + "m = make_pipeline(StandardScaler(), LogisticRegression())\nm.fit(X_train, y_train)\nm.score(X_test, y_test)\n",
    "pipeline_in_folds": XY + "m = make_pipeline(SimpleImputer(), StandardScaler(), LogisticRegression())\ncross_val_score(m, X, y)\n",
    "pipeline_in_search": XY + "GridSearchCV(make_pipeline(StandardScaler(), LogisticRegression()), {}).fit(X, y)\n",
    "column_transformer": XY + SPLIT + "ct = ColumnTransformer([('s', StandardScaler(), ['age'])])\nm = Pipeline([('p', ct), ('m', XGBClassifier())])\n"
    "m.fit(X_train, y_train)\nm.score(X_test, y_test)\n",
    "only_looking": "X = StandardScaler().fit_transform(df)\nprint(PCA(2).fit_transform(X), df.mean(), df['age'].max())\n",
    "for_production": XY + SPLIT + FIT + "scaler = StandardScaler()\nall_rows = scaler.fit_transform(X)\nlast = LogisticRegression().fit(all_rows, y)\n",
    "dummies": "df = pd.get_dummies(df)\n" + XY + SPLIT + FIT,
    "label_of_target": "df['bought'] = LabelEncoder().fit_transform(df['bought'])\n" + XY + SPLIT + FIT,
    "label_y": XY + "y = LabelEncoder().fit_transform(y)\n" + SPLIT + FIT,
    "stateless": XY + "X = Normalizer().fit_transform(X)\n" + SPLIT + FIT,
    "hashing": "X = HashingVectorizer().fit_transform(df['text'])\ny = df['label']\n" + SPLIT + FIT,
    "constant_fill": "df['age'] = df['age'].fillna(0)\ndf = df.dropna()\n" + XY + SPLIT + FIT,
    "by_row": "df['total'] = df[['a', 'b']].mean(axis=1)\n" + XY + SPLIT + FIT,
    "pixels": XY + "X = X / 255.0\n" + SPLIT + FIT,
    "border_at_a_quantile": "edge = df['day'].quantile(0.8)\ntrain, test = df[df['day'] <= edge], df[df['day'] > edge]\n",
    "smote_after": XY + SPLIT + "X_train, y_train = SMOTE().fit_resample(X_train, y_train)\n" + FIT,
    "folds_inside": XY + "for a, b in KFold(5).split(X):\n    s = StandardScaler().fit(X.iloc[a])\n    m = LogisticRegression().fit(s.transform(X.iloc[a]), y[a])\n"
    "    print(m.score(s.transform(X.iloc[b]), y[b]))\n",
    "in_time": DATES + "df['before'] = df['sales'].shift(1)\nX = df[['before']]\ny = df['sales']\n"
    "X_train, X_test, y_train, y_test = train_test_split(X, y, shuffle=False)\n" + FIT,
    "date_as_a_feature": "df['date'] = pd.to_datetime(df['date'])\ndf['year'] = df['date'].dt.year\n" + XY + SPLIT + FIT,
    "forward_fill": DATES + "df = df.ffill()\n" + XY + "X_train, X_test = train_test_split(X, shuffle=False)\n",
    "future_as_target": DATES + "df['y'] = df['sales'].shift(-1)\nX = df.drop(columns=['y'])\ny = df['y']\n"
    "X_train, X_test, y_train, y_test = train_test_split(X, y, shuffle=False)\n" + FIT,
    "loop_on_validation": XY + SPLIT + "X_train, X_val, y_train, y_val = train_test_split(X_train, y_train)\nfor k in range(1, 9):\n"
    "    m = KNeighborsClassifier(k).fit(X_train, y_train)\n    print(m.score(X_val, y_val))\n",
    "several_models": XY + SPLIT + "for m in [LogisticRegression(), KNeighborsClassifier(3)]:\n    m.fit(X_train, y_train)\n    print(m.score(X_test, y_test))\n",
    "stops_on_validation": XY + SPLIT + "X_train, X_val, y_train, y_val = train_test_split(X_train, y_train)\nm = XGBClassifier(early_stopping_rounds=5)\n"
    "m.fit(X_train, y_train, eval_set=[(X_val, y_val)])\nprint(m.score(X_test, y_test))\n",
    "slices_that_touch": "train = df[:800]\ntest = df[800:]\n",
    "log_of_target": "df['log_price'] = np.log(df['price'])\nX = df.drop(columns=['price', 'log_price'])\ny = df['log_price']\n" + SPLIT + FIT,
    "target_dropped_in_place": "y = df['bought']\ndf.drop('bought', axis=1, inplace=True)\nX = df\n" + SPLIT + FIT,
    "target_popped": "y = df.pop('bought')\nX = df\n" + SPLIT + FIT,
    "fixed_threshold": XY + SPLIT + FIT + "p = model.predict_proba(X_test)[:, 1]\nfpr, tpr, cuts = roc_curve(y_test, p)\n"
    "print(tpr[cuts >= 0.5], f1_score(y_test, p > 0.5))\n",
    "direction_of_tomorrow": DATES + "df['y'] = (df['price'].shift(-1) > df['price']).astype(int)\nX = df[['price']]\ny = df['y']\n"
    "n = int(len(df) * 0.8)\nmodel = LogisticRegression().fit(X[:n], y[:n])\nprint(model.score(X[n:], y[n:]))\n",
    "same_seed_twice": XY + "X_train, X_test = train_test_split(X, random_state=1)\ny_train, y_test = train_test_split(y, random_state=1)\n" + FIT,
    "statistics_of_the_first_part": XY + "n = int(len(X) * 0.8)\nX = (X - X[:n].mean()) / X[:n].std()\n"
    "print(LogisticRegression().fit(X[:n], y[:n]).score(X[n:], y[n:]))\n",
    "recommender": "m = TfidfVectorizer().fit_transform(df['text'])\nprint(m @ m.T)\n",
}  # fmt: skip
