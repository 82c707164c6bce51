"""As the panel is served, but for its ledger: there is none whose head could be noted."""

from adminpanel import gunicorn_conf as panels

globals().update(
    (name, value)
    for name, value in vars(panels).items()
    if not name.startswith("_") and name not in ("when_ready", "on_exit")
)
