"""`python -m scripts <command>`: each command is the function `main` of the module of that name, imported when used."""

import difflib
import errno
import importlib
import sys

import typer

from kit.runtimes.compose.errors import ComposeError
from kit.terminal import console
from kit.terminal.interrupts import interruptible

COMMANDS = {
    "up": "Start the whole stack and wait until it answers.",
    "down": "Stop everything; the data stays.",
    "status": "Show what runs, and whether it answers.",
    "logs": "Follow the log of one process: make logs NAME=prometheus.",
    "silence": "Keep an alert quiet for a while: make silence ALERT=HighErrorRate FOR=1h.",
    "clean": "Delete the stack's data, after asking.",
    "backup": "Copy all data into one file while the stack runs: make backup TO=folder.",
    "restore": "Put a backup in the place of the data, after asking: make restore FROM=file.",
    "upgrade": "Bring a running stack to this checkout's versions, and show that its data is still there.",
    "doctor": "Look for what could keep the stack from working.",
    "demo": "Switch the demo on or off: make demo ON=1, make demo OFF=1.",
    "verify": "Follow a fault of the demo through metric, alert, notification, trace and log.",
    "images": "Build the container images that can be built without a registry; LIST=1 prints all names.",
    "bundle": "Pack all images and this repository into one file for a machine without a network.",
    "verify-alerts": "Play every fault of the demo and see that the right alerts arrive in time, and no other.",
    "screenshots": "Take a picture of every dashboard of the running stack, for docs/.",
    "record-metrics": "Note which metrics the running stack has, for the tests of rules and dashboards.",
    "bench": "Measure start-up time and memory.",
    "bench-stack": "Measure start-up time and idle memory of each container.",
    "bench-library": "Measure what the Python package costs, beside its peers.",
    "bench-anomalies": "Measure how well the anomaly and forecast alerts work; writes docs/anomalies.md.",
    "generate": "Write the generated files anew.",
    "lint": "Run the linters and the type checker.",
    "test": "Run the tests.",
    "lock": "Pin the Python dependencies anew.",
}


def run(arguments: list[str]) -> None:
    if not arguments or arguments[0] in ("help", "-h", "--help"):
        for name, text in COMMANDS.items():
            console.out.print(f"  [bold]{name:<15}[/] {text}")
        return
    name, *rest = arguments
    if name not in COMMANDS:
        close = difflib.get_close_matches(name, COMMANDS, n=1)
        hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(COMMANDS)}"
        console.err.print(f"[bold red]error:[/] there is no command {name!r}; {hint}")
        sys.exit(2)
    command = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    main = importlib.import_module(f"scripts.{name.replace('-', '_')}").main
    command.command(help=COMMANDS[name])(interruptible(main))
    command(args=rest, prog_name=f"python -m scripts {name}")


if __name__ == "__main__":
    try:
        run(sys.argv[1:])
    except KeyboardInterrupt:
        sys.exit(130)
    except ComposeError as error:
        console.fail(str(error))
        sys.exit(1)
    except PermissionError as error:
        console.fail(f"{error.filename}: permission denied. `make doctor` says whose it is and how to repair it.")
        sys.exit(1)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EROFS):
            raise
        place = f"{error.filename}: " if error.filename else ""
        console.fail(f"{place}{error.strerror}. `make doctor` says how much space there is; `make clean` deletes data.")
        sys.exit(1)
