"""Who runs a pure function over many tasks: this process, several processes, or a Ray cluster.

Whoever it is, results come in the order of the tasks, tasks are taken a few ahead, and what a killed worker was
doing is done again. Close the generator (`contextlib.closing`) to end all workers before the last result.
"""

from magicoder_gen.executors.processes import Processes
from magicoder_gen.executors.ray import Ray
from magicoder_gen.executors.serial import Serial

AnyExecutor = Serial | Processes | Ray

__all__ = ["AnyExecutor", "Processes", "Ray", "Serial"]
