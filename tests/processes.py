"""Several processes on this machine that are one group of torch.distributed, by gloo."""

import subprocess
import sys
from textwrap import dedent

START = """
import os, sys, warnings
from datetime import timedelta
import numpy as np
import torch
from torch import distributed
warnings.simplefilter("ignore")
torch.set_num_threads(1)
RANK, SIZE = int(sys.argv[1]), int(sys.argv[2])
distributed.init_process_group(
    "gloo", init_method=sys.argv[3], rank=RANK, world_size=SIZE, timeout=timedelta(seconds=60)
)
"""


def output_of_each(script, n_processes, folder, *arguments):
    """What each process prints, and its errors: those of process 0 first."""
    meeting = f"file://{folder}/meeting"
    running = [
        subprocess.Popen(
            [sys.executable, "-c", START + dedent(script), str(rank), str(n_processes), meeting]
            + [str(argument) for argument in arguments],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for rank in range(n_processes)
    ]  # fmt: skip
    try:
        return [process.communicate(timeout=180) for process in running]
    finally:
        for process in running:
            process.kill()
        (folder / "meeting").unlink(missing_ok=True)
