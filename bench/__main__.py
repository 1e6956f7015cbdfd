"""Measures this machine: `python -m bench [costs | compare | peers | growth | processes]`, each with `--help`.

Progress goes to standard error.

`python -m bench`                   prints a table of cases in Markdown, each beside its bare limit (`table.py`)
`python -m bench costs`             prints what a message costs by stage, in microseconds of CPU (`costs.py`)
`python -m bench compare REVISION`  measures this tree and another revision in turns (`compare.py`)
`python -m bench peers`             measures other gateways, too, sending to the same SMSC (`peers.py`)
`python -m bench growth`            measures a store full of messages beside an empty one (`growth.py`)
`python -m bench processes`         measures one process beside two on PostgreSQL (`processes.py`)
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Coroutine
from typing import Any

from bench import compare, costs, growth, peers, processes, table

COMMANDS: dict[str, Callable[[list[str]], Coroutine[Any, Any, None]]] = {
    "costs": costs.main,
    "compare": compare.main,
    "peers": peers.main,
    "growth": growth.main,
    "processes": processes.main,
}

if __name__ == "__main__":
    command, arguments = COMMANDS.get("".join(sys.argv[1:2])), sys.argv[2:]
    asyncio.run(table.main(sys.argv[1:]) if command is None else command(arguments))
