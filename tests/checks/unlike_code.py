# ruff: noqa: E501 - scripts as people write them
"""Scripts in the styles of many authors: half fit something before the split, half do not."""

from __future__ import annotations

from typing import Final

LEAKING: Final = {
    "corr_nlargest": """
import numpy as np
import pandas as pd

from sklearn.model_selection import train_test_split
from sklearn.linear_model import LinearRegression
d = pd.read_csv('houses.csv')
best = d.corr()['price'].abs().nlargest(8).index.drop('price')
X_train, X_test, y_train, y_test = train_test_split(d[best], d['price'], random_state=0)
print(LinearRegression().fit(X_train, y_train).score(X_test, y_test))
""",
    "corrwith_select": """
import numpy as np
import pandas as pd

from sklearn.model_selection import cross_val_score
from sklearn.linear_model import LogisticRegression
d = pd.read_csv('genes.csv')
X, y = d.drop(columns='tumour'), d['tumour']
strength = X.corrwith(y).abs()
keep = strength[strength > 0.2].index
print(cross_val_score(LogisticRegression(), X[keep], y, cv=10).mean())
""",
    "groupby_fill": """
import numpy as np
import pandas as pd

from sklearn.model_selection import train_test_split
from sklearn.linear_model import LogisticRegression
t = pd.read_csv('titanic.csv')
t['Age'] = t['Age'].fillna(t.groupby('Pclass')['Age'].transform('median'))
t['Embarked'].fillna(t['Embarked'].mode()[0], inplace=True)
X = pd.get_dummies(t[['Age', 'Embarked', 'Pclass']]); y = t['Survived']
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
print(LogisticRegression().fit(X_train, y_train).score(X_test, y_test))
""",
    "helper_with_flag": """
import numpy as np
import pandas as pd

from sklearn.preprocessing import StandardScaler
from sklearn.model_selection import train_test_split
from sklearn.linear_model import LogisticRegression
def get_data(path, scale=True):
    d = pd.read_csv(path)
    X = d.drop(columns='y').values
    if scale:
        X = StandardScaler().fit_transform(X)
    return X, d['y'].values
X, y = get_data('d.csv')
Xa, Xb, ya, yb = train_test_split(X, y, test_size=.2)
print(LogisticRegression().fit(Xa, ya).score(Xb, yb))
""",
    "importance_pick": """
import numpy as np
import pandas as pd

from sklearn.ensemble import ExtraTreesClassifier
from sklearn.model_selection import train_test_split
from sklearn.linear_model import LogisticRegression
d = pd.read_csv('d.csv')
X, y = d.drop(columns='target'), d['target']
forest = ExtraTreesClassifier(200).fit(X, y)
ranking = np.argsort(forest.feature_importances_)[::-1][:10]
X = X.iloc[:, ranking]
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
print(LogisticRegression().fit(X_train, y_train).score(X_test, y_test))
""",
    "minmax_by_hand_numpy": """
import numpy as np
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier
raw = np.loadtxt('digits.csv', delimiter=',')
inputs, outputs = raw[:, 1:], raw[:, 0]
low = inputs.min(axis=0)
span = inputs.max(axis=0) - low
inputs = (inputs - low) / span
a_train, a_test, b_train, b_test = train_test_split(inputs, outputs, test_size=1/6)
net = MLPClassifier().fit(a_train, b_train)
print(net.score(a_test, b_test))
""",
    "polars_zscore": """
import polars as pl
from sklearn.model_selection import train_test_split
from sklearn.linear_model import LogisticRegression
df = pl.read_csv('a.csv')
df = df.with_columns(((pl.col('age') - pl.col('age').mean()) / pl.col('age').std()).alias('age'))
train, test = train_test_split(df, test_size=0.2, random_state=0)
m = LogisticRegression().fit(train.drop('y').to_numpy(), train['y'].to_numpy())
print(m.score(test.drop('y').to_numpy(), test['y'].to_numpy()))
""",
    "sm_fit": """
import numpy as np
import pandas as pd

from imblearn.combine import SMOTETomek
from sklearn.model_selection import train_test_split
from sklearn.ensemble import RandomForestClassifier
d = pd.read_csv('fraud.csv')
features, label = d.drop('fraud', axis=1), d.fraud
bal = SMOTETomek(random_state=1)
features_b, label_b = bal.fit_resample(features, label)
f_train, f_test, l_train, l_test = train_test_split(features_b, label_b, test_size=.2, random_state=1)
print(RandomForestClassifier().fit(f_train, l_train).score(f_test, l_test))
""",
    "spark_imputer": """
from pyspark.sql import SparkSession
from pyspark.ml.feature import Imputer, VectorAssembler
from pyspark.ml.regression import LinearRegression
spark = SparkSession.builder.getOrCreate()
df = spark.read.csv('houses.csv', header=True, inferSchema=True)
imp = Imputer(strategy='median', inputCols=['rooms'], outputCols=['rooms_f'])
df = imp.fit(df).transform(df)
df = VectorAssembler(inputCols=['rooms_f'], outputCol='features').transform(df)
train_df, test_df = df.randomSplit([0.8, 0.2], seed=42)
model = LinearRegression(labelCol='price').fit(train_df)
print(model.evaluate(test_df).rootMeanSquaredError)
""",
    "spark_pipeline": """
from pyspark.sql import SparkSession
from pyspark.ml import Pipeline
from pyspark.ml.feature import StringIndexer, VectorAssembler, MinMaxScaler
from pyspark.ml.classification import RandomForestClassifier
from pyspark.ml.evaluation import BinaryClassificationEvaluator
spark = SparkSession.builder.appName('x').getOrCreate()
data = spark.read.parquet('events.parquet')
assembler = VectorAssembler(inputCols=['a', 'b'], outputCol='raw')
scaler = MinMaxScaler(inputCol='raw', outputCol='features')
prep = Pipeline(stages=[assembler, scaler])
prepared = prep.fit(data).transform(data)
(trainingData, testData) = prepared.randomSplit([0.7, 0.3], seed=11)
rf = RandomForestClassifier(labelCol='label', featuresCol='features')
fitted = rf.fit(trainingData)
print(BinaryClassificationEvaluator().evaluate(fitted.transform(testData)))
""",
    "train_val_from_scaled": """
import numpy as np
import pandas as pd

from sklearn.preprocessing import StandardScaler
import xgboost as xgb
d = pd.read_parquet('d.parquet')
feats = [c for c in d.columns if c.startswith('f_')]
d[feats] = StandardScaler().fit_transform(d[feats])
n = len(d)
tr, va, te = np.split(d.sample(frac=1, random_state=1), [int(.6*n), int(.8*n)])
m = xgb.XGBRegressor().fit(tr[feats], tr['y'])
print(m.score(te[feats], te['y']))
""",
    "assign_chain": """
import numpy as np
import pandas as pd

from sklearn.model_selection import train_test_split
from sklearn.linear_model import Ridge
houses = (pd.read_csv('houses.csv')
          .assign(area=lambda d: (d['area'] - d['area'].mean()) / d['area'].std())
          .dropna())
train, test = train_test_split(houses, test_size=0.2, random_state=1)
r = Ridge().fit(train[['area', 'rooms']], train['price'])
print(r.score(test[['area', 'rooms']], test['price']))
""",
    "bfill_all": """
import numpy as np
import pandas as pd

d = pd.read_csv('load.csv', index_col='hour', parse_dates=True)
from sklearn.ensemble import RandomForestRegressor
d = d.bfill()
d['lag'] = d['load'].shift(24)
d = d.dropna()
cut = int(len(d) * 0.8)
train, test = d.iloc[:cut], d.iloc[cut:]
m = RandomForestRegressor().fit(train[['lag']], train['load'])
print(m.score(test[['lag']], test['load']))
""",
    "class_fit_elsewhere": """
import numpy as np
import pandas as pd

from sklearn.preprocessing import RobustScaler
from sklearn.model_selection import train_test_split
from sklearn.linear_model import LogisticRegression
class Experiment:
    def __init__(self, path):
        self.path = path
    def load(self):
        self.frame = pd.read_csv(self.path)
    def prepare(self):
        cols = [c for c in self.frame.columns if c != 'left']
        self.frame[cols] = RobustScaler().fit_transform(self.frame[cols])
    def split(self):
        X = self.frame.drop(columns='left')
        y = self.frame['left']
        self.X_train, self.X_test, self.y_train, self.y_test = train_test_split(X, y, random_state=0)
    def run(self):
        self.load(); self.prepare(); self.split()
        m = LogisticRegression().fit(self.X_train, self.y_train)
        return m.score(self.X_test, self.y_test)
print(Experiment('staff.csv').run())
""",
    "column_transformer_all": """
import numpy as np
import pandas as pd

from sklearn.compose import make_column_transformer
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.model_selection import KFold
from sklearn.linear_model import Ridge
cars = pd.read_csv('cars.csv')
target = cars.pop('price')
prep = make_column_transformer((StandardScaler(), ['km', 'age']), (OneHotEncoder(), ['brand']))
Z = prep.fit_transform(cars)
scores = []
for i, j in KFold(5, shuffle=True, random_state=0).split(Z):
    scores.append(Ridge().fit(Z[i], target.iloc[i]).score(Z[j], target.iloc[j]))
print(np.mean(scores))
""",
    "freq_encoding": """
import numpy as np
import pandas as pd

from sklearn.model_selection import train_test_split
from lightgbm import LGBMClassifier
t = pd.read_csv('t.csv')
freq = t['city'].value_counts(normalize=True)
t['city_freq'] = t['city'].map(freq)
X, y = t.drop(columns=['y', 'city']), t['y']
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
print(LGBMClassifier().fit(X_train, y_train).score(X_test, y_test))
""",
    "iterative_then_grid": """
import numpy as np
import pandas as pd

from sklearn.experimental import enable_iterative_imputer
from sklearn.impute import IterativeImputer
from sklearn.model_selection import GridSearchCV
from sklearn.svm import SVR
d = pd.read_csv('d.csv')
y = d.pop('y')
filled = IterativeImputer(random_state=0).fit_transform(d)
grid = {'C': [1, 10], 'gamma': ['scale', 0.1]}
gs = GridSearchCV(SVR(), param_grid=grid, cv=5, n_jobs=2)
gs.fit(filled, y)
print(gs.best_score_)
""",
    "kaggle_numeric_loop": """
import numpy as np
import pandas as pd

from sklearn.model_selection import train_test_split
from sklearn.ensemble import GradientBoostingClassifier
loans = pd.read_csv('loans.csv')
numeric = loans.select_dtypes(include='number').columns.drop('default')
for name in numeric:
    loans[name] = loans[name].fillna(loans[name].median())
features = loans[numeric]
labels = loans['default']
Xtr, Xte, ytr, yte = train_test_split(features, labels, test_size=0.25, random_state=7, stratify=labels)
clf = GradientBoostingClassifier().fit(Xtr, ytr)
print(clf.score(Xte, yte))
""",
    "keras_normalization": """
import numpy as np, pandas as pd
import tensorflow as tf
from sklearn.model_selection import train_test_split
df = pd.read_csv('wine.csv')
X = df.drop(columns='quality').to_numpy('float32'); y = df['quality'].to_numpy()
norm = tf.keras.layers.Normalization()
norm.adapt(X)
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.2)
model = tf.keras.Sequential([norm, tf.keras.layers.Dense(32, activation='relu'), tf.keras.layers.Dense(1)])
model.compile(optimizer='adam', loss='mse')
model.fit(X_train, y_train, epochs=10)
print(model.evaluate(X_test, y_test))
""",
    "keras_tokenizer_ok_but_tfidf": """
import pandas as pd
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer
from sklearn.model_selection import StratifiedKFold, cross_validate
from sklearn.naive_bayes import MultinomialNB
mails = pd.read_csv('mails.csv')
counts = CountVectorizer(stop_words='english').fit_transform(mails.body)
weights = TfidfTransformer().fit_transform(counts)
print(cross_validate(MultinomialNB(), weights, mails.spam, cv=StratifiedKFold(5)))
""",
    "lambda_apply_norm": """
import numpy as np
import pandas as pd

from sklearn.model_selection import train_test_split
from sklearn.neighbors import KNeighborsRegressor
d = pd.read_csv('d.csv')
y = d['y']
X = d.drop('y', axis=1).apply(lambda col: (col - col.min()) / (col.max() - col.min()))
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
print(KNeighborsRegressor().fit(X_train, y_train).score(X_test, y_test))
""",
    "mask_split": """
import numpy as np
import pandas as pd

from sklearn.preprocessing import MinMaxScaler
from sklearn.linear_model import LogisticRegression
d = pd.read_csv('p.csv')
sc = MinMaxScaler()
M = sc.fit_transform(d.drop('ill', axis=1))
t = d['ill'].to_numpy()
rng = np.random.default_rng(3)
in_train = rng.random(len(d)) < 0.8
M_train, M_test = M[in_train], M[~in_train]
t_train, t_test = t[in_train], t[~in_train]
print(LogisticRegression().fit(M_train, t_train).score(M_test, t_test))
""",
    "mean_fill_dict": """
import numpy as np
import pandas as pd

from sklearn.model_selection import train_test_split
from sklearn.linear_model import LogisticRegression
d = pd.read_csv('d.csv')
fills = {c: d[c].mean() for c in ['a', 'b']}
d = d.fillna(fills)
X, y = d.drop(columns='y'), d['y']
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
print(LogisticRegression().fit(X_train, y_train).score(X_test, y_test))
""",
    "mutual_info_pick": """
import numpy as np
import pandas as pd

from sklearn.feature_selection import mutual_info_classif
from sklearn.model_selection import train_test_split
from sklearn.ensemble import RandomForestClassifier
d = pd.read_csv('d.csv')
X, y = d.drop(columns='target'), d['target']
mi = pd.Series(mutual_info_classif(X, y, random_state=0), index=X.columns)
top = mi.sort_values(ascending=False).head(12).index
X_train, X_test, y_train, y_test = train_test_split(X[top], y, random_state=0)
print(RandomForestClassifier().fit(X_train, y_train).score(X_test, y_test))
""",
    "permutation_split": """
import numpy as np
import pandas as pd

from sklearn.impute import SimpleImputer
from sklearn.ensemble import RandomForestRegressor
d = pd.read_csv('d.csv')
A = SimpleImputer(strategy='mean').fit_transform(d.drop(columns='v'))
b = d['v'].values
idx = np.random.permutation(len(A))
cut = int(0.75 * len(A))
train_idx, test_idx = idx[:cut], idx[cut:]
rf = RandomForestRegressor().fit(A[train_idx], b[train_idx])
print(rf.score(A[test_idx], b[test_idx]))
""",
    "qcut_before": """
import numpy as np
import pandas as pd

from sklearn.model_selection import train_test_split
from sklearn.tree import DecisionTreeClassifier
d = pd.read_csv('d.csv')
d['income_band'] = pd.qcut(d['income'], 5, labels=False)
X = d[['income_band', 'age']]
y = d['bought']
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=.3, random_state=2)
print(DecisionTreeClassifier().fit(X_train, y_train).score(X_test, y_test))
""",
    "sample_drop_split": """
import numpy as np
import pandas as pd

from sklearn.preprocessing import StandardScaler
from sklearn.linear_model import LinearRegression
d = pd.read_csv('d.csv')
d['size'] = StandardScaler().fit_transform(d[['size']])
train = d.sample(frac=0.8, random_state=5)
test = d.drop(train.index)
lr = LinearRegression().fit(train[['size']], train['price'])
print(lr.score(test[['size']], test['price']))
""",
    "shuffle_split_obj": """
import numpy as np
import pandas as pd

from sklearn.preprocessing import PowerTransformer
from sklearn.model_selection import StratifiedShuffleSplit
from sklearn.neighbors import KNeighborsClassifier
d = pd.read_csv('d.csv')
X = PowerTransformer().fit_transform(d.iloc[:, :-1])
y = d.iloc[:, -1].values
sss = StratifiedShuffleSplit(n_splits=1, test_size=0.2, random_state=0)
for tr, te in sss.split(X, y):
    knn = KNeighborsClassifier().fit(X[tr], y[tr])
    print(knn.score(X[te], y[te]))
""",
    "split_key_threshold": """
import numpy as np
import pandas as pd

from sklearn.preprocessing import StandardScaler
from sklearn.linear_model import LinearRegression
sales = pd.read_csv('sales.csv', parse_dates=['day']).sort_values('day')
num = ['promo', 'price']
sales[num] = StandardScaler().fit_transform(sales[num])
train = sales[sales['day'] < '2025-01-01']
test = sales[sales['day'] >= '2025-01-01']
m = LinearRegression().fit(train[num], train['units'])
print(m.score(test[num], test['units']))
""",
    "torch_standardise": """
import numpy as np, torch
from torch.utils.data import TensorDataset, DataLoader, random_split
data = np.load('x.npy'); target = np.load('y.npy')
data = (data - data.mean(axis=0)) / data.std(axis=0)
full = TensorDataset(torch.from_numpy(data).float(), torch.from_numpy(target))
n_train = int(0.8 * len(full))
train_set, val_set = random_split(full, [n_train, len(full) - n_train])
train_loader = DataLoader(train_set, batch_size=64, shuffle=True)
""",
    "truncated_svd_pipeline_fit": """
import numpy as np
import pandas as pd

from sklearn.pipeline import make_pipeline
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.decomposition import TruncatedSVD
from sklearn.model_selection import train_test_split
from sklearn.linear_model import LogisticRegression
texts = pd.read_json('r.jsonl', lines=True)
lsa = make_pipeline(TfidfVectorizer(), TruncatedSVD(100))
vectors = lsa.fit_transform(texts['review'])
v_train, v_test, s_train, s_test = train_test_split(vectors, texts['stars'], test_size=0.2)
print(LogisticRegression().fit(v_train, s_train).score(v_test, s_test))
""",
    "two_functions": """
import numpy as np
import pandas as pd

from sklearn.preprocessing import StandardScaler
from sklearn.model_selection import train_test_split
from sklearn.svm import SVC
def load():
    raw = pd.read_csv('cells.csv')
    return raw.drop(columns=['id', 'kind']), raw['kind']
def normalise(table):
    scaler = StandardScaler()
    return pd.DataFrame(scaler.fit_transform(table), columns=table.columns, index=table.index)
def main():
    inputs, outputs = load()
    inputs = normalise(inputs)
    a, b, c, d = train_test_split(inputs, outputs, test_size=0.3)
    model = SVC().fit(a, c)
    print(model.score(b, d))
if __name__ == '__main__':
    main()
""",
    "variance_threshold_cv": """
import numpy as np
import pandas as pd

from sklearn.feature_selection import VarianceThreshold, SelectFromModel
from sklearn.linear_model import LassoCV, LogisticRegression
from sklearn.model_selection import cross_val_predict
d = pd.read_csv('d.csv')
X, y = d.drop(columns='y'), d['y']
sel = SelectFromModel(LassoCV()).fit(X, y)
X_sel = sel.transform(X)
pred = cross_val_predict(LogisticRegression(), X_sel, y, cv=5)
print((pred == y).mean())
""",
    "vocab_nn_scaler_seq": """
import numpy as np
import pandas as pd

from sklearn.preprocessing import MinMaxScaler
from tensorflow.keras.models import Sequential
from tensorflow.keras.layers import GRU, Dense
px = pd.read_csv('px.csv')['Close'].values.reshape(-1, 1)
scaler = MinMaxScaler(feature_range=(0, 1))
scaled = scaler.fit_transform(px)
X, y = [], []
for i in range(30, len(scaled)):
    X.append(scaled[i-30:i, 0]); y.append(scaled[i, 0])
X, y = np.array(X), np.array(y)
size = int(len(X) * 0.7)
X_train, X_test = X[:size], X[size:]
y_train, y_test = y[:size], y[size:]
model = Sequential([GRU(32), Dense(1)])
model.compile('adam', 'mse')
model.fit(X_train, y_train)
print(model.evaluate(X_test, y_test))
""",
    "winsor_clip_quantile": """
import numpy as np
import pandas as pd

from sklearn.model_selection import train_test_split
from sklearn.linear_model import Lasso
d = pd.read_csv('d.csv')
lo, hi = d['spend'].quantile(0.01), d['spend'].quantile(0.99)
d['spend'] = d['spend'].clip(lo, hi)
X, y = d.drop(columns='churn'), d['churn']
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=2)
print(Lasso().fit(X_train, y_train).score(X_test, y_test))
""",
    "zscore_outliers": """
import numpy as np
import pandas as pd

from scipy import stats
from sklearn.model_selection import train_test_split
from sklearn.linear_model import LinearRegression
d = pd.read_csv('d.csv')
z = np.abs(stats.zscore(d[['a', 'b']]))
d = d[(z < 3).all(axis=1)]
X, y = d[['a', 'b']], d['y']
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
print(LinearRegression().fit(X_train, y_train).score(X_test, y_test))
""",
}
HEALTHY: Final = {
    "class_right": """
import numpy as np
import pandas as pd

from sklearn.preprocessing import StandardScaler
from sklearn.model_selection import train_test_split
from sklearn.linear_model import LogisticRegression
class Trainer:
    def __init__(self, path):
        self.d = pd.read_csv(path); self.scaler = StandardScaler()
    def split(self):
        X, y = self.d.drop(columns='y'), self.d['y']
        self.X_train, self.X_test, self.y_train, self.y_test = train_test_split(X, y)
    def scale(self):
        self.X_train = self.scaler.fit_transform(self.X_train)
        self.X_test = self.scaler.transform(self.X_test)
    def go(self):
        self.split(); self.scale()
        return LogisticRegression().fit(self.X_train, self.y_train).score(self.X_test, self.y_test)
print(Trainer('d.csv').go())
""",
    "drop_by_domain": """
import numpy as np
import pandas as pd

from sklearn.model_selection import train_test_split
from sklearn.linear_model import LogisticRegression
d = pd.read_csv('d.csv')
d = d[(d['age'] >= 18) & (d['age'] <= 90)]
d = d.dropna(subset=['income']).drop_duplicates()
X_train, X_test, y_train, y_test = train_test_split(d[['age', 'income']], d['y'], stratify=d['y'])
print(LogisticRegression().fit(X_train, y_train).score(X_test, y_test))
""",
    "eda_then_split": """
import numpy as np
import pandas as pd

import seaborn as sns
from sklearn.model_selection import train_test_split
from sklearn.linear_model import LinearRegression
d = pd.read_csv('d.csv')
print(d.describe(), d['price'].mean(), d.corr()['price'].sort_values())
sns.heatmap(d.corr())
print('mean age', d['age'].mean())
top = d.groupby('city')['price'].mean().sort_values()
top.plot.bar()
X_train, X_test, y_train, y_test = train_test_split(d[['age', 'rooms']], d['price'], random_state=0)
print(LinearRegression().fit(X_train, y_train).score(X_test, y_test))
""",
    "expanding_mean": """
import numpy as np
import pandas as pd

from sklearn.ensemble import RandomForestRegressor
d = pd.read_csv('d.csv', parse_dates=['day']).sort_values('day')
d['hist'] = d.groupby('shop')['sales'].transform(lambda s: s.shift(1).expanding().mean())
d = d.dropna()
cut = d['day'].quantile(0.8)
train, test = d[d.day <= cut], d[d.day > cut]
m = RandomForestRegressor().fit(train[['hist']], train['sales'])
print(m.score(test[['hist']], test['sales']))
""",
    "feature_list_corr_train": """
import numpy as np
import pandas as pd

from sklearn.model_selection import train_test_split
from sklearn.linear_model import LinearRegression
d = pd.read_csv('d.csv')
train, test = train_test_split(d, random_state=0)
keep = train.corr()['y'].abs().nlargest(6).index.drop('y')
m = LinearRegression().fit(train[keep], train['y'])
print(m.score(test[keep], test['y']))
""",
    "final_scaler_export": """
import numpy as np
import pandas as pd

from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.model_selection import cross_val_score
from sklearn.svm import SVC
import joblib
d = pd.read_csv('d.csv')
X, y = d.drop(columns='y'), d['y']
p = Pipeline([('scale', StandardScaler()), ('svc', SVC())])
print(cross_val_score(p, X, y, cv=5).mean())
p.fit(X, y)
joblib.dump(p, 'svc.joblib')
""",
    "fixed_threshold_roc": """
import numpy as np
import pandas as pd

from sklearn.model_selection import train_test_split
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_curve, auc, f1_score
import matplotlib.pyplot as plt
d = pd.read_csv('d.csv')
X_train, X_test, y_train, y_test = train_test_split(d.drop(columns='y'), d['y'], random_state=0)
m = LogisticRegression().fit(X_train, y_train)
p = m.predict_proba(X_test)[:, 1]
fpr, tpr, thresholds = roc_curve(y_test, p)
plt.plot(fpr, tpr); print(auc(fpr, tpr))
print(f1_score(y_test, p > 0.5))
""",
    "imagenet": """
import torch
from torchvision import datasets, transforms
from torch.utils.data import random_split
tf = transforms.Compose([transforms.Resize(224), transforms.ToTensor(), transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])])
ds = datasets.ImageFolder('cats', transform=tf)
train_ds, val_ds = random_split(ds, [0.8, 0.2])
""",
    "imb_pipeline": """
import numpy as np
import pandas as pd

from imblearn.pipeline import Pipeline
from imblearn.over_sampling import SMOTE
from sklearn.model_selection import cross_val_score
from sklearn.svm import SVC
d = pd.read_csv('d.csv')
print(cross_val_score(Pipeline([('o', SMOTE()), ('m', SVC())]), d.drop(columns='y'), d['y']))
""",
    "inference_only": """
import numpy as np
import pandas as pd

import joblib
scaler = joblib.load('scaler.pkl'); model = joblib.load('model.pkl')
rows = pd.read_csv('new.csv')
rows['p'] = model.predict_proba(scaler.transform(rows[['a', 'b']]))[:, 1]
rows.to_csv('scored.csv')
""",
    "kaggle_train_stats": """
import numpy as np
import pandas as pd

from sklearn.ensemble import RandomForestClassifier
train = pd.read_csv('train.csv'); test = pd.read_csv('test.csv')
age = train['Age'].median()
for part in (train, test):
    part['Age'] = part['Age'].fillna(age)
rf = RandomForestClassifier().fit(train[['Age']], train['Survived'])
rf.predict(test[['Age']])
""",
    "next_day_direction": """
import numpy as np
import pandas as pd

from sklearn.ensemble import RandomForestClassifier
p = pd.read_csv('p.csv', parse_dates=['Date']).sort_values('Date')
p['Tomorrow'] = p['Close'].shift(-1)
p['Target'] = (p['Tomorrow'] > p['Close']).astype(int)
train, test = p.iloc[:-100], p.iloc[-100:]
cols = ['Close', 'Volume', 'Open']
m = RandomForestClassifier().fit(train[cols], train['Target'])
print(m.score(test[cols], test['Target']))
""",
    "norm_layer_train": """
import numpy as np
import pandas as pd

import tensorflow as tf
from sklearn.model_selection import train_test_split
d = pd.read_csv('d.csv')
X_train, X_test, y_train, y_test = train_test_split(d.drop(columns='y').values, d['y'].values)
norm = tf.keras.layers.Normalization(); norm.adapt(X_train)
m = tf.keras.Sequential([norm, tf.keras.layers.Dense(1)]); m.compile('adam', 'mse')
m.fit(X_train, y_train); m.evaluate(X_test, y_test)
""",
    "prophet_like": """
import numpy as np
import pandas as pd

from statsmodels.tsa.arima.model import ARIMA
s = pd.read_csv('s.csv', index_col=0, parse_dates=True)['v']
s = s.interpolate().ffill()
train, test = s[:-30], s[-30:]
fit = ARIMA(train, order=(1, 1, 1)).fit()
print(((fit.forecast(30) - test) ** 2).mean())
""",
    "ts_folds_pipeline": """
import numpy as np
import pandas as pd

from sklearn.model_selection import TimeSeriesSplit, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.linear_model import Ridge
d = pd.read_csv('d.csv', parse_dates=['day']).sort_values('day')
d['lag'] = d['v'].shift(1)
d = d.dropna()
print(cross_val_score(make_pipeline(StandardScaler(), Ridge()), d[['lag']], d['v'], cv=TimeSeriesSplit(5)))
""",
    "two_frames_loop_const": """
import numpy as np
import pandas as pd

from sklearn.ensemble import RandomForestClassifier
train = pd.read_csv('train.csv'); test = pd.read_csv('test.csv')
for part in (train, test):
    part['Age'] = part['Age'].fillna(-1)
    part['Family'] = part['SibSp'] + part['Parch']
rf = RandomForestClassifier().fit(train[['Age', 'Family']], train['Survived'])
pd.DataFrame({'Survived': rf.predict(test[['Age', 'Family']])}).to_csv('out.csv')
""",
    "binarise_target_median": """
import numpy as np
import pandas as pd

from sklearn.model_selection import train_test_split
from sklearn.linear_model import LogisticRegression
d = pd.read_csv('d.csv')
y = (d['price'] > d['price'].median()).astype(int)
X = d.drop(columns='price')
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
print(LogisticRegression().fit(X_train, y_train).score(X_test, y_test))
""",
    "compare_models": """
import numpy as np
import pandas as pd

from sklearn.model_selection import train_test_split
from sklearn.metrics import accuracy_score
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier
d = pd.read_csv('d.csv')
X_train, X_test, y_train, y_test = train_test_split(d.drop(columns='y'), d['y'])
results = {}
for name, model in [('svc', SVC()), ('tree', DecisionTreeClassifier())]:
    model.fit(X_train, y_train)
    results[name] = accuracy_score(y_test, model.predict(X_test))
print(results)
""",
    "constant_columns": """
import numpy as np
import pandas as pd

from sklearn.model_selection import train_test_split
from sklearn.linear_model import LogisticRegression
d = pd.read_csv('d.csv')
d = d.loc[:, d.nunique() > 1]
d = d.loc[:, d.isna().mean() < 0.5]
X, y = d.drop(columns='y'), d['y']
X_train, X_test, y_train, y_test = train_test_split(X, y)
print(LogisticRegression().fit(X_train, y_train).score(X_test, y_test))
""",
    "date_cut_median": """
import numpy as np
import pandas as pd

from sklearn.linear_model import LinearRegression
d = pd.read_csv('d.csv', parse_dates=['day'])
border = d['day'].median()
train, test = d[d['day'] < border], d[d['day'] >= border]
m = LinearRegression().fit(train[['a']], train['y'])
print(m.score(test[['a']], test['y']))
""",
    "drop_correlated_features_eda": """
import numpy as np
import pandas as pd

from sklearn.model_selection import train_test_split
from sklearn.linear_model import LogisticRegression
d = pd.read_csv('d.csv')
d['bmi'] = d['weight'] / d['height'] ** 2
d['when'] = pd.to_datetime(d['when']); d['month'] = d['when'].dt.month
d = d.drop(columns='when')
X_train, X_test, y_train, y_test = train_test_split(d.drop(columns='ill'), d['ill'], random_state=0)
print(LogisticRegression().fit(X_train, y_train).score(X_test, y_test))
""",
    "early_stop_val": """
import numpy as np
import pandas as pd

import lightgbm as lgb
from sklearn.model_selection import train_test_split
d = pd.read_csv('d.csv')
X, X_test, y, y_test = train_test_split(d.drop(columns='y'), d['y'], test_size=.2, random_state=0)
X_fit, X_stop, y_fit, y_stop = train_test_split(X, y, test_size=.2, random_state=0)
m = lgb.LGBMClassifier(n_estimators=999).fit(X_fit, y_fit, eval_set=[(X_stop, y_stop)], callbacks=[lgb.early_stopping(20)])
print(m.score(X_test, y_test))
""",
    "group_train_map": """
import numpy as np
import pandas as pd

from sklearn.model_selection import train_test_split
from sklearn.linear_model import LogisticRegression
d = pd.read_csv('d.csv')
tr, te = train_test_split(d, random_state=0)
rate = tr.groupby('city')['y'].mean()
tr = tr.assign(rate=tr['city'].map(rate))
te = te.assign(rate=te['city'].map(rate).fillna(tr['y'].mean()))
print(LogisticRegression().fit(tr[['rate']], tr['y']).score(te[['rate']], te['y']))
""",
    "horizon_returns": """
import numpy as np
import pandas as pd

from sklearn.linear_model import Ridge
p = pd.read_csv('p.csv').sort_values('date')
p['future_return'] = p['close'].pct_change(5).shift(-5)
p['mom'] = p['close'].pct_change(20)
p = p.dropna()
n = int(0.7 * len(p))
m = Ridge().fit(p[['mom']][:n], p['future_return'][:n])
print(m.score(p[['mom']][n:], p['future_return'][n:]))
""",
    "keras_val_split": """
import numpy as np
import pandas as pd

from tensorflow import keras
from sklearn.model_selection import train_test_split
d = pd.read_csv('d.csv')
X = d.drop(columns='y').values / 255; y = d['y'].values
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=.1)
m = keras.Sequential([keras.layers.Dense(9), keras.layers.Dense(1)])
m.compile('adam', 'mse')
m.fit(X_train, y_train, validation_split=.1, epochs=4, callbacks=[keras.callbacks.EarlyStopping()])
print(m.evaluate(X_test, y_test))
""",
    "label_map": """
import numpy as np
import pandas as pd

from sklearn.model_selection import train_test_split
from sklearn.preprocessing import LabelEncoder
from sklearn.ensemble import RandomForestClassifier
d = pd.read_csv('iris.csv')
d['species'] = LabelEncoder().fit_transform(d['species'])
d['kind'] = d['kind'].map({'a': 0, 'b': 1})
X_train, X_test, y_train, y_test = train_test_split(d.drop(columns='species'), d['species'])
print(RandomForestClassifier().fit(X_train, y_train).score(X_test, y_test))
""",
    "nested_cv": """
import numpy as np
import pandas as pd

from sklearn.model_selection import GridSearchCV, cross_val_score, KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
d = pd.read_csv('d.csv')
X, y = d.drop(columns='y'), d['y']
inner = GridSearchCV(make_pipeline(StandardScaler(), SVC()), {'svc__C': [1, 10]}, cv=3)
print(cross_val_score(inner, X, y, cv=KFold(5, shuffle=True, random_state=0)).mean())
""",
    "optuna_cv": """
import numpy as np
import pandas as pd

import optuna
from sklearn.model_selection import train_test_split, cross_val_score
from sklearn.ensemble import RandomForestClassifier
d = pd.read_csv('d.csv')
X_train, X_test, y_train, y_test = train_test_split(d.drop(columns='y'), d['y'], random_state=0)
def objective(trial):
    m = RandomForestClassifier(max_depth=trial.suggest_int('d', 2, 9))
    return cross_val_score(m, X_train, y_train, cv=3).mean()
study = optuna.create_study(direction='maximize'); study.optimize(objective, n_trials=9)
best = RandomForestClassifier(max_depth=study.best_params['d']).fit(X_train, y_train)
print(best.score(X_test, y_test))
""",
    "per_row_norm": """
import numpy as np
import pandas as pd

from sklearn.model_selection import train_test_split
from sklearn.linear_model import LogisticRegression
d = pd.read_csv('spectra.csv')
y = d.pop('kind')
X = d.sub(d.mean(axis=1), axis=0).div(d.std(axis=1), axis=0)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
print(LogisticRegression().fit(X_train, y_train).score(X_test, y_test))
""",
    "polars_right": """
import polars as pl
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.model_selection import train_test_split
from sklearn.linear_model import LogisticRegression
df = pl.read_csv('a.csv').with_columns((pl.col('a') / pl.col('b')).alias('r'))
train, test = train_test_split(df, test_size=0.2, random_state=0)
mean = train['a'].mean()
train = train.with_columns(pl.col('a').fill_null(mean)); test = test.with_columns(pl.col('a').fill_null(mean))
m = make_pipeline(StandardScaler(), LogisticRegression()).fit(train.drop('y').to_numpy(), train['y'].to_numpy())
""",
    "prep_inside_function_train": """
import numpy as np
import pandas as pd

from sklearn.preprocessing import StandardScaler
from sklearn.model_selection import train_test_split
from sklearn.linear_model import LogisticRegression
def scale(fit_on, apply_to):
    s = StandardScaler().fit(fit_on)
    return s.transform(fit_on), s.transform(apply_to)
d = pd.read_csv('d.csv')
a, b, c, e = train_test_split(d.drop(columns='y'), d['y'], random_state=0)
a, b = scale(a, b)
print(LogisticRegression().fit(a, c).score(b, e))
""",
    "resample_train_part": """
import numpy as np
import pandas as pd

from sklearn.model_selection import train_test_split
from sklearn.utils import resample
from sklearn.tree import DecisionTreeClassifier
d = pd.read_csv('d.csv')
train, test = train_test_split(d, random_state=0)
few, many = train[train.y == 1], train[train.y == 0]
train = pd.concat([many, resample(few, n_samples=len(many), random_state=0)])
m = DecisionTreeClassifier().fit(train.drop(columns='y'), train['y'])
print(m.score(test.drop(columns='y'), test['y']))
""",
    "spark_right": """
from pyspark.sql import SparkSession
from pyspark.ml import Pipeline
from pyspark.ml.feature import StringIndexer, VectorAssembler, StandardScaler
from pyspark.ml.classification import LogisticRegression
spark = SparkSession.builder.getOrCreate()
df = spark.read.parquet('d.parquet')
train, test = df.randomSplit([0.8, 0.2], seed=1)
pipe = Pipeline(stages=[StringIndexer(inputCol='c', outputCol='ci'), VectorAssembler(inputCols=['ci', 'a'], outputCol='f'), StandardScaler(inputCol='f', outputCol='fs'), LogisticRegression(featuresCol='fs')])
model = pipe.fit(train)
model.transform(test).show()
""",
    "tokenizer_hf": """
from datasets import load_dataset
from transformers import AutoTokenizer
tok = AutoTokenizer.from_pretrained('bert-base-uncased')
ds = load_dataset('imdb')
ds = ds.map(lambda b: tok(b['text'], truncation=True), batched=True)
train, test = ds['train'], ds['test']
""",
    "torch_train_stats": """
import numpy as np, torch
from torch.utils.data import TensorDataset, DataLoader
x = np.load('x.npy'); y = np.load('y.npy')
n = int(len(x) * 0.8)
x_train, x_test = x[:n], x[n:]
mu, sigma = x_train.mean(0), x_train.std(0)
x_train = (x_train - mu) / sigma
x_test = (x_test - mu) / sigma
loader = DataLoader(TensorDataset(torch.tensor(x_train), torch.tensor(y[:n])), shuffle=True)
""",
    "unsupervised": """
import numpy as np
import pandas as pd

from sklearn.preprocessing import StandardScaler
from sklearn.cluster import KMeans
from sklearn.metrics import silhouette_score
d = pd.read_csv('d.csv')
Z = StandardScaler().fit_transform(d)
for k in range(2, 9):
    labels = KMeans(k, n_init=10).fit_predict(Z)
    print(k, silhouette_score(Z, labels))
""",
}
