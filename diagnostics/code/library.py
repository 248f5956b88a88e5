"""What functions and classes of the usual libraries do with rows, by their names: which learn from rows, which split them.

Sources: the user guides of scikit-learn ("Common pitfalls"), imbalanced-learn ("Common pitfalls and recommended practices"),
category_encoders, feature_engine and pandas; the kinds follow Yang et al. 2022, Data leakage in notebooks (arXiv 2209.03345).
"""

from __future__ import annotations

import re
from typing import Final

SCALER, IMPUTER, ENCODER, LEVELS, SELECTOR = "scaler", "imputer", "encoder", "levels", "selector"
VECTORISER, REDUCER, BINNER, RESAMPLER, TRANSFORMER = "vectoriser", "reducer", "binner", "resampler", "transformer"
PIPELINE, MODEL, SEARCH, SPLITTER, STATELESS, OUTLIERS = "pipeline", "model", "search", "splitter", "stateless", "outliers"

LEARNING: Final = {SCALER, IMPUTER, ENCODER, LEVELS, SELECTOR, VECTORISER, REDUCER, BINNER, RESAMPLER, TRANSFORMER}
"""Kinds whose fit looks at rows and whose result goes into the features."""


def _table(kind: str, names: str) -> dict[str, str]:
    return dict.fromkeys(names.split(), kind)


CLASSES: Final[dict[str, str]] = {
    **_table(SCALER, "StandardScaler MinMaxScaler RobustScaler MaxAbsScaler QuantileTransformer PowerTransformer Scaler"),
    **_table(SCALER, "SklearnTransformerWrapper YeoJohnsonTransformer BoxCoxTransformer MeanNormalizationScaler"),
    **_table(IMPUTER, "SimpleImputer KNNImputer IterativeImputer Imputer MeanMedianImputer CategoricalImputer EndTailImputer"),
    **_table(IMPUTER, "RandomSampleImputer MissForest SoftImpute IterativeSVD CategoricalImputation"),
    **_table(LEVELS, "LabelEncoder OrdinalEncoder OneHotEncoder LabelBinarizer MultiLabelBinarizer BinaryEncoder BaseNEncoder"),
    **_table(LEVELS, "StringIndexer HelmertEncoder SumEncoder BackwardDifferenceEncoder PolynomialEncoder DictVectorizer"),
    **_table(
        ENCODER, "TargetEncoder CatBoostEncoder LeaveOneOutEncoder WOEEncoder JamesSteinEncoder MEstimateEncoder GLMMEncoder"
    ),
    **_table(ENCODER, "MeanEncoder WoEEncoder DecisionTreeEncoder CountEncoder CountFrequencyEncoder RareLabelEncoder"),
    **_table(
        SELECTOR, "SelectKBest SelectPercentile SelectFromModel RFE RFECV SelectFpr SelectFdr SelectFwe GenericUnivariateSelect"
    ),
    **_table(SELECTOR, "SequentialFeatureSelector VarianceThreshold BorutaPy Boruta BorutaShap DropCorrelatedFeatures MRMR"),
    **_table(
        SELECTOR, "SmartCorrelatedSelection DropConstantFeatures SelectBySingleFeaturePerformance ExhaustiveFeatureSelector"
    ),
    **_table(VECTORISER, "CountVectorizer TfidfVectorizer TfidfTransformer TextVectorization"),
    **_table(SCALER, "Normalization"),
    **_table(LEVELS, "StringLookup IntegerLookup"),
    **_table(REDUCER, "PCA KernelPCA SparsePCA IncrementalPCA TruncatedSVD FastICA FactorAnalysis NMF LatentDirichletAllocation"),
    **_table(
        REDUCER, "UMAP TSNE Isomap LocallyLinearEmbedding DictionaryLearning MiniBatchSparsePCA NeighborhoodComponentsAnalysis"
    ),
    **_table(BINNER, "KBinsDiscretizer EqualFrequencyDiscretiser EqualWidthDiscretiser SplineTransformer"),
    **_table(RESAMPLER, "SMOTE SMOTENC SMOTEN BorderlineSMOTE SVMSMOTE KMeansSMOTE ADASYN RandomOverSampler SMOTETomek SMOTEENN"),
    **_table(RESAMPLER, "RandomUnderSampler NearMiss TomekLinks EditedNearestNeighbours RepeatedEditedNearestNeighbours AllKNN"),
    **_table(RESAMPLER, "CondensedNearestNeighbour NeighbourhoodCleaningRule OneSidedSelection InstanceHardnessThreshold"),
    **_table(RESAMPLER, "ClusterCentroids"),
    **_table(STATELESS, "Normalizer FunctionTransformer HashingVectorizer FeatureHasher Binarizer PolynomialFeatures Tokenizer"),
    **_table(STATELESS, "VectorAssembler HashingEncoder AdditiveChi2Sampler RBFSampler ImageDataGenerator LogTransformer"),
    **_table(
        PIPELINE, "Pipeline make_pipeline ColumnTransformer make_column_transformer FeatureUnion make_union DataFrameMapper"
    ),
    **_table(
        SEARCH, "GridSearchCV RandomizedSearchCV HalvingGridSearchCV HalvingRandomSearchCV BayesSearchCV EvolutionaryAlgorithm"
    ),
    **_table(SEARCH, "OptunaSearchCV TuneSearchCV TuneGridSearchCV DaskGridSearchCV"),
    **_table(
        SPLITTER, "KFold StratifiedKFold GroupKFold RepeatedKFold RepeatedStratifiedKFold ShuffleSplit StratifiedShuffleSplit"
    ),
    **_table(SPLITTER, "GroupShuffleSplit LeaveOneOut LeavePOut StratifiedGroupKFold TimeSeriesSplit LeaveOneGroupOut"),
    **_table(OUTLIERS, "IsolationForest LocalOutlierFactor EllipticEnvelope OneClassSVM"),
    **_table(
        MODEL, "LGBMClassifier LGBMRegressor XGBClassifier XGBRegressor Sequential Model SVC SVR LinearSVC LinearSVR Lasso Ridge"
    ),
    **_table(
        MODEL, "LogisticRegression LinearRegression ElasticNet GaussianNB MultinomialNB BernoulliNB ComplementNB KMeans DBSCAN"
    ),
    **_table(
        MODEL, "AgglomerativeClustering GaussianMixture SGDClassifier Perceptron LassoCV RidgeCV ElasticNetCV OneVsRestClassifier"
    ),
    **_table(MODEL, "Doc2Vec Word2Vec LinearDiscriminantAnalysis QuadraticDiscriminantAnalysis NuSVC NuSVR"),
}
_PATTERNS: Final = (
    (re.compile(r"(Classifier|Regressor|Regression|RegressionCV|NB)$"), MODEL),
    (re.compile(r"Scaler$"), SCALER),
    (re.compile(r"Imputer$"), IMPUTER),
    (re.compile(r"(SMOTE|OverSampler|UnderSampler)"), RESAMPLER),
    (re.compile(r"SearchCV$"), SEARCH),
    (re.compile(r"(KFold|ShuffleSplit)$"), SPLITTER),
)
_VARIABLES: Final = (
    (re.compile(r"(?i)(scaler|standardi[sz]er|^sc$|^ss$|^mms?$|^sc_x$)"), SCALER, "scaler"),
    (re.compile(r"(?i)imput"), IMPUTER, "imputer"),
    (re.compile(r"(?i)(label_?enc|^le$|ordinal|one_?hot|^ohe$|encoder|^enc$)"), LEVELS, "encoder"),
    (re.compile(r"(?i)(vectori[sz]er|tf_?idf|count_?vec|^cv$|^vect$|^bow)"), VECTORISER, "vectoriser"),
    (re.compile(r"(?i)(^pca|svd|^lda$|reducer)"), REDUCER, "reducer"),
    (re.compile(r"(?i)(selector|^skb$|kbest)"), SELECTOR, "selector"),
    (re.compile(r"(?i)(smote|sampler|^ros$|^rus$|^sm$)"), RESAMPLER, "resampler"),
    (re.compile(r"(?i)(preproc|column_?transformer|^ct$|transformer)"), TRANSFORMER, "transformer"),
)
OVERSAMPLING: Final = re.compile(r"(SMOTE|ADASYN|OverSampler|over_?sampl|upsampl)", re.IGNORECASE)
SUPERVISED: Final = re.compile(r"(Target|CatBoost|LeaveOneOut|WOE|WoE|JamesStein|MEstimate|GLMM|Mean|DecisionTree)Encoder")

FITTED_FUNCTIONS: Final = {
    **dict.fromkeys(("scale", "minmax_scale", "robust_scale", "maxabs_scale", "quantile_transform", "power_transform"), SCALER),
    **dict.fromkeys(("zscore", "boxcox", "yeojohnson"), SCALER),
    **dict.fromkeys(("KNN", "knn_impute"), ""),
}
CROSS_VALIDATION: Final = {"cross_val_score", "cross_validate", "cross_val_predict", "learning_curve", "validation_curve"} | {
    "permutation_test_score",
}
STATISTICS: Final = {
    **dict.fromkeys(("mean", "nanmean"), "mean"),
    **dict.fromkeys(("median", "nanmedian"), "median"),
    **dict.fromkeys(("std", "nanstd", "var", "nanvar"), "standard deviation"),
    **dict.fromkeys(("min", "amin", "nanmin"), "minimum"),
    **dict.fromkeys(("max", "amax", "nanmax"), "maximum"),
    **dict.fromkeys(("quantile", "percentile", "nanpercentile"), "quantile"),
    "mode": "most frequent value",
    "value_counts": "counts",
}
WEAK: Final = {"minimum", "maximum", "quantile", "counts", "group"}
"""Statistics often looked up for other ends (a range, a cap, a period); they count once rows are filled or divided by them."""

SELECTING: Final = frozenset(
    [
        "corr",
        "corrwith",
        "mutual_info_classif",
        "mutual_info_regression",
        "f_classif",
        "f_regression",
        "chi2",
        "pearsonr",
        "spearmanr",
        "pointbiserialr",
    ]
)
"""What says how much each column has to do with another: whoever picks columns by it selects with all rows it saw."""

NO_BOUND: Final = frozenset(("minimum", "maximum", "counts", "most frequent value"))
"""Statistics by which rows are looked up or levels are left out, rather than outliers."""

METRICS: Final = re.compile(
    r"(_score|_error|_loss|_deviance|^roc_curve|^precision_recall_curve|^classification_report|^confusion_matrix|^auc|^f1|^rmse)$"
)
READERS: Final = re.compile(
    r"^(read_\w+|load_\w+|fetch_\w+|make_\w+|DataFrame|Series|array|asarray|loadtxt|genfromtxt|load|download|dataset_load|open)$"
)
MODEL_MODULES: Final = ("lightgbm", "xgboost", "catboost", "keras", "torch", "statsmodels")


def kind_of_class(name: str) -> str:
    """Kind of a class or of a function that makes an estimator; "" for any other."""
    known = CLASSES.get(name)
    if known is not None:
        return known
    return next((kind for pattern, kind in _PATTERNS if pattern.search(name)), "")


def kind_of_variable(name: str) -> tuple[str, str]:
    """What a variable that came from elsewhere probably is, by its name, with a word for it; two empty texts for no guess."""
    return next(((kind, word) for pattern, kind, word in _VARIABLES if pattern.search(name)), ("", ""))
