"""Takes samples with psutil on request: a line "kept N PID" or "fresh N PID"; answers CPU and wall time of one, in us."""
import sys
import time

import psutil

own = psutil.Process()
kept = {}


def sample(proc):
    proc.memory_info()
    proc.cpu_percent(interval=None)


for line in sys.stdin:
    mode, count, pid = line.split()
    count, pid = int(count), int(pid)
    game = kept.setdefault(pid, psutil.Process(pid))
    wall, cpu = time.perf_counter(), time.process_time()
    for _ in range(count):
        if mode == "kept":
            sample(own)
            sample(game)
        else:
            sample(psutil.Process())
            sample(psutil.Process(pid))
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    print(cpu / count * 1e6, wall / count * 1e6, flush=True)
