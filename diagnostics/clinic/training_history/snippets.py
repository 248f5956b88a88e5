"""Lines that put a remedy to work, for PyTorch and for Keras; each stands for itself beside the reader's own training loop."""

from __future__ import annotations

from typing import Final

PYTORCH: Final[dict[str, str]] = {
    "overfitting": """\
# weight decay and dropout, and the weights of the best epoch
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=1e-2)
best, waited, patience = float("inf"), 0, 10
for epoch in range(500):
    train_one_epoch(model, optimizer)
    val_loss = evaluate(model)
    if val_loss < best:
        best, waited = val_loss, 0
        torch.save(model.state_dict(), "best.pt")
    else:
        waited += 1
        if waited >= patience:
            break
model.load_state_dict(torch.load("best.pt", weights_only=True))
""",
    "underfitting": """\
model = torch.nn.Sequential(
    torch.nn.Linear(inputs, 256), torch.nn.ReLU(),
    torch.nn.Linear(256, 256), torch.nn.ReLU(),
    torch.nn.Linear(256, outputs),
)
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.0)
""",
    "vanishing_gradient": """\
class Block(torch.nn.Module):
    def __init__(self, width):
        super().__init__()
        self.norm, self.layer = torch.nn.LayerNorm(width), torch.nn.Linear(width, width)
        torch.nn.init.kaiming_normal_(self.layer.weight, nonlinearity="relu")
        torch.nn.init.zeros_(self.layer.bias)

    def forward(self, x):
        return x + torch.relu(self.layer(self.norm(x)))
""",
    "exploding_gradient": """\
loss.backward()
torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm=1.0)
optimizer.step()
optimizer.zero_grad()
""",
    "dead_units": """\
activation = torch.nn.LeakyReLU(0.1)
for layer in model.modules():
    if isinstance(layer, torch.nn.Linear):
        torch.nn.init.kaiming_normal_(layer.weight, nonlinearity="leaky_relu")
        torch.nn.init.zeros_(layer.bias)
""",
    "learning_rate_too_high": """\
optimizer = torch.optim.AdamW(model.parameters(), lr=learning_rate / 10)
warm_up = torch.optim.lr_scheduler.LinearLR(optimizer, start_factor=0.01, total_iters=500)
# after every optimizer.step():
warm_up.step()
""",
    "learning_rate_too_low": """\
optimizer = torch.optim.AdamW(model.parameters(), lr=learning_rate * 10)
schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=learning_rate * 10, total_steps=epochs * len(loader))
# after every optimizer.step():
schedule.step()
""",
    "unstable_training": """\
accumulate = 8
for step, (x, y) in enumerate(loader):
    loss = criterion(model(x), y) / accumulate
    loss.backward()
    if (step + 1) % accumulate == 0:
        torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm=1.0)
        optimizer.step()
        optimizer.zero_grad()
""",
    "stopped_too_early": """\
best, waited, patience = float("inf"), 0, 10
for epoch in range(3 * epochs):
    train_one_epoch(model, optimizer)
    val_loss = evaluate(model)
    best, waited = (val_loss, 0) if val_loss < best else (best, waited + 1)
    if waited >= patience:
        break
""",
}

KERAS: Final[dict[str, str]] = {
    "overfitting": """\
stop = keras.callbacks.EarlyStopping(monitor="val_loss", patience=10, restore_best_weights=True)
model.compile(optimizer=keras.optimizers.AdamW(1e-3, weight_decay=1e-2), loss=loss)
model.fit(x, y, validation_split=0.2, epochs=500, callbacks=[stop])
""",
    "underfitting": """\
model = keras.Sequential([
    keras.layers.Dense(256, activation="relu"),
    keras.layers.Dense(256, activation="relu"),
    keras.layers.Dense(outputs),
])
""",
    "vanishing_gradient": """\
def block(x, width):
    y = keras.layers.LayerNormalization()(x)
    y = keras.layers.Dense(width, activation="relu", kernel_initializer="he_normal")(y)
    return keras.layers.Add()([x, y])
""",
    "exploding_gradient": """\
model.compile(optimizer=keras.optimizers.Adam(1e-3, global_clipnorm=1.0), loss=loss)
""",
    "dead_units": """\
layer = keras.layers.Dense(width, kernel_initializer="he_normal", bias_initializer="zeros")
activation = keras.layers.LeakyReLU(negative_slope=0.1)
""",
    "learning_rate_too_high": """\
rate = keras.optimizers.schedules.CosineDecay(
    initial_learning_rate=0.0, decay_steps=10_000, warmup_target=learning_rate / 10, warmup_steps=500
)
model.compile(optimizer=keras.optimizers.Adam(rate), loss=loss)
""",
    "learning_rate_too_low": """\
model.compile(optimizer=keras.optimizers.Adam(learning_rate * 10), loss=loss)
slower = keras.callbacks.ReduceLROnPlateau(monitor="val_loss", factor=0.3, patience=5)
model.fit(x, y, validation_split=0.2, epochs=epochs, callbacks=[slower])
""",
    "unstable_training": """\
optimizer = keras.optimizers.Adam(learning_rate / 3, global_clipnorm=1.0, gradient_accumulation_steps=8)
model.compile(optimizer=optimizer, loss=loss)
model.fit(x, y, batch_size=128, validation_split=0.2, epochs=epochs)
""",
    "stopped_too_early": """\
stop = keras.callbacks.EarlyStopping(monitor="val_loss", patience=10, restore_best_weights=True)
model.fit(x, y, validation_split=0.2, epochs=3 * epochs, callbacks=[stop])
""",
}

BOOSTING: Final[dict[str, str]] = {
    "overfitting": """\
model = xgboost.XGBClassifier(
    n_estimators=5_000, learning_rate=0.05, max_depth=4, min_child_weight=5, subsample=0.8, colsample_bytree=0.8,
    reg_lambda=5.0, early_stopping_rounds=50,
)
model.fit(x_train, y_train, eval_set=[(x_train, y_train), (x_valid, y_valid)])
""",
    "underfitting": """\
model = xgboost.XGBClassifier(n_estimators=2_000, learning_rate=0.05, max_depth=8, reg_lambda=1.0, early_stopping_rounds=50)
model.fit(x_train, y_train, eval_set=[(x_train, y_train), (x_valid, y_valid)])
""",
    "learning_rate_too_high": """\
model = xgboost.XGBClassifier(n_estimators=5_000, learning_rate=0.05, early_stopping_rounds=50)
model.fit(x_train, y_train, eval_set=[(x_train, y_train), (x_valid, y_valid)])
""",
    "learning_rate_too_low": """\
model = xgboost.XGBClassifier(n_estimators=5_000, learning_rate=0.1, early_stopping_rounds=50)
model.fit(x_train, y_train, eval_set=[(x_train, y_train), (x_valid, y_valid)])
""",
    "stopped_too_early": """\
model = xgboost.XGBClassifier(n_estimators=5_000, learning_rate=0.1, early_stopping_rounds=50)
model.fit(x_train, y_train, eval_set=[(x_train, y_train), (x_valid, y_valid)])
""",
}


def snippets(code: str, form: str) -> dict[str, str]:
    """By library, that of the history's format first; empty for an unknown code."""
    boosted = form in ("xgboost", "lightgbm", "catboost")
    order = {"XGBoost": BOOSTING} if boosted else {"PyTorch": PYTORCH, "Keras": KERAS}
    if form.startswith("keras"):
        order = {"Keras": KERAS, "PyTorch": PYTORCH}
    return {name: lines[code] for name, lines in order.items() if code in lines}
