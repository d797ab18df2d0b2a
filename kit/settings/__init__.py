"""signalfire.yaml: what may stand in it (`models`) and how it is read (`reading`)."""

from scripts.settings.models import Settings
from scripts.settings.reading import Problem, SettingsError, load, settings_path

__all__ = ["Problem", "Settings", "SettingsError", "load", "settings_path"]
