"""signalfire.yaml: what may stand in it (`models`) and how it is read (`reading`)."""

from kit.settings.models import Settings
from kit.settings.reading import Problem, SettingsError, load, settings_path

__all__ = ["Problem", "Settings", "SettingsError", "load", "settings_path"]
