"""A prepared process: commands start from it in milliseconds instead of seconds.

It imports what the commands import, then forks one child for each line of its stdin and
reports children's exit codes on stdout, JSON both ways. A child runs the very entry
point of ``python -m cstrack_bench`` in a session of its own.
"""

import json
import os
import select
import signal
import sys
import tempfile
from contextlib import redirect_stdout
from pathlib import Path


def serve() -> list[str] | None:
    """Fork children; returns their arguments in a child, None when all is done."""
    # Read and write descriptors alone: what Python buffers would be every child's.
    buffered = b""
    children: set[int] = set()
    while True:
        ready = select.select([0], [], [], 0.02)[0]
        if ready:
            read = os.read(0, 65536)
            if not read:
                return None
            buffered += read
        while b"\n" in buffered:
            line, _, buffered = buffered.partition(b"\n")
            asked = json.loads(line)
            child = os.fork()
            if child == 0:
                return _become(asked)
            children.add(child)
            _tell({"started": child})
        for child in list(children):
            ended, status = os.waitpid(child, os.WNOHANG)
            if ended:
                children.remove(child)
                _tell({"ended": child, "code": os.waitstatus_to_exitcode(status)})


def _tell(event: dict[str, int]) -> None:
    os.write(1, (json.dumps(event) + "\n").encode())


def _become(asked: dict[str, object]) -> list[str]:
    os.setsid()
    os.chdir(str(asked["folder"]))
    for number, name in ((1, "out"), (2, "err")):
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        opened = os.open(str(asked[name]), flags, 0o644)
        os.dup2(opened, number)
        os.close(opened)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    return [str(part) for part in asked["arguments"]]  # type: ignore[attr-defined]


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    import torch
    import torch._dynamo

    from cstrack_bench.__main__ import main
    from cstrack_bench.cli.app import app
    from cstrack_bench.fingerprints import code_fingerprint

    torch.set_num_threads(1)
    code_fingerprint()  # kept once computed
    with tempfile.TemporaryDirectory() as warm:
        # One small training imports and computes what every later one would first.
        options = ["--profile", "smoke", "--device", "cpu", "--data", f"{warm}/data"]
        options += ["--set", "data.input_size=64x64", "--results", f"{warm}/results"]
        options += ["--set", "data.synth.config.frames=2"]
        with redirect_stdout(sys.stderr):
            app(["train", "table2:4", *options], standalone_mode=False)
    _tell({"prepared": os.getpid()})
    arguments = serve()
    if arguments is not None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        sys.argv = ["cstrack", *arguments]
        main()
