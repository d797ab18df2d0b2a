"""Where things are: the repository, and the state beside the signalfire.yaml in use."""

from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class State:
    """The folder `.signalfire`: everything a running stack writes."""

    folder: Path

    @property
    def config(self) -> Path:
        return self.folder / "config"

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def logs(self) -> Path:
        return self.folder / "logs"

    @property
    def run(self) -> Path:
        return self.folder / "run"

    @property
    def starting(self) -> Path:
        """What `make up` is still building: in a folder of its own, which the viewer's container is given to read."""
        return self.run / "starting" / "starting.json"

    @property
    def compose(self) -> Path:
        return self.folder / "compose"

    def create(self) -> None:
        """Make the folders, readable by nobody else."""
        for folder in (self.folder, self.config, self.data, self.logs, self.run):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def state_beside(settings_file: Path) -> State:
    return State(settings_file.resolve().parent / ".signalfire")
