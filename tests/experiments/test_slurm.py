"""Table II's smoke rows through a Slurm of the test's own, one job killed and requeued.

Debian: ``apt install slurmctld slurmd slurm-client``. No accounting is needed.
"""

import getpass
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("slurmctld") is None, reason="no Slurm here"),
]
pytest.importorskip("submitit")

CONFIGURATION = """\
ClusterName=test
SlurmctldHost={node}(127.0.0.1)
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/none
CredType=cred/none
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
SlurmdSpoolDir={folder}/spool
StateSaveLocation={folder}/state
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
ReturnToService=2
KillWait=2
JobRequeue=1
SchedulerType=sched/builtin
NodeName={node} NodeAddr=127.0.0.1 CPUs={cores} State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""


def _free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


@pytest.fixture
def slurm(tmp_path: Path) -> Iterator[dict[str, str]]:
    """The environment of a cluster of one node, which ends with the test."""
    folder = tmp_path / "slurm"
    (folder / "state").mkdir(parents=True)
    (folder / "spool").mkdir()
    configuration = folder / "slurm.conf"
    configuration.write_text(
        CONFIGURATION.format(
            node=socket.gethostname().partition(".")[0],
            user=getpass.getuser(),
            ports=_free_ports(2),
            folder=folder,
            cores=os.cpu_count(),
        )
    )
    given = {**os.environ, "SLURM_CONF": str(configuration), "OMP_NUM_THREADS": "1"}
    daemons = []
    try:
        with (folder / "printed").open("w") as printed:
            for name in ("slurmctld", "slurmd"):
                daemons.append(
                    subprocess.Popen(
                        [name, "-D"], env=given, stdout=printed, stderr=printed
                    )
                )
        deadline = time.monotonic() + 60
        while "idle" not in _ask(["sinfo", "--noheader"], given):
            if time.monotonic() > deadline:
                pytest.fail(f"Slurm did not start: {(folder / 'printed').read_text()}")
            time.sleep(0.5)
        yield given
    finally:
        for daemon in reversed(daemons):
            daemon.send_signal(signal.SIGTERM)
            daemon.wait(60)


def _ask(command: list[str], given: Mapping[str, str]) -> str:
    done = subprocess.run(command, env=given, capture_output=True, text=True)
    return done.stdout


def _reproduce(*more: str) -> list[str]:
    command = [sys.executable, "-m", "cstrack_bench", "reproduce", "table2"]
    return [*command, "--profile", "smoke", "--data", "data", *more]


def _records(results: Path) -> dict[str, object]:
    """What each row measured, and on what weights."""
    found: dict[str, object] = {}
    for file in sorted((results / "smoke").glob("table2/row*/seed0.json")):
        record = json.loads(file.read_text())
        weights = record["model"]["weights_sha256"]
        found[file.parent.name] = (record["scores"], record["tracks"], weights)
    return found


def test_rows_of_a_cluster_are_those_of_one_machine(
    slurm: dict[str, str], tmp_path: Path
) -> None:
    with (tmp_path / "printed").open("w") as printed:
        job = subprocess.Popen(
            _reproduce("--results", "cluster", "--launcher", "slurm"),
            cwd=tmp_path,
            env=slurm,
            stdout=printed,
            stderr=printed,
        )
        killed = ""
        try:
            while job.poll() is None:
                running = _ask(
                    ["squeue", "--noheader", "--states=RUNNING", "--format=%i %M"],
                    slurm,
                )
                # One of those behind the shared detector, some seconds old: at work.
                at_work = re.search(r"^(\S+_\d+) 0:0[3-9]$", running, re.M)
                if not killed and at_work:
                    killed = at_work[1]
                    _ask(["scontrol", "requeue", killed], slurm)
                time.sleep(0.5)
        finally:
            job.kill()
            job.wait()
    told = (tmp_path / "printed").read_text()
    assert job.returncode == 0, told
    assert killed, told
    assert "Restarts=1" in _ask(["scontrol", "show", "job", killed], slurm)
    subprocess.run(
        _reproduce("--results", "local", "--jobs", "1"),
        cwd=tmp_path,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        check=True,
        capture_output=True,
    )
    here = _records(tmp_path / "local")
    assert len(here) == 6
    assert _records(tmp_path / "cluster") == here
