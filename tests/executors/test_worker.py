"""Workers know what the user's script defines, and do not run it without need."""

import subprocess
import sys
from pathlib import Path

import pytest
from command import ROOT
from programs import finished, started

UNGUARDED = 'put the work under `if __name__ == "__main__":`, or choose executor.type: serial'


def test_a_script_needs_no_guard(tmp_path: Path) -> None:
    """Workers do not run it again; and closed standard streams hurt nobody."""
    program = """
        import os, sys
        print("once", file=sys.stderr)
        os.close(0)
        os.close(1)
        import jobs
        from magicoder_gen.executors import Processes
        assert list(Processes(workers=2).map(jobs.square, range(9))) == [n * n for n in range(9)]
    """
    assert finished(started(program, tmp_path)) == (0, "", "once\n")


def test_a_script_may_hold_all_if_it_is_guarded(tmp_path: Path) -> None:
    """The function, tasks, results and exceptions, while workers start and die."""
    program = """
        import os
        from typing import NamedTuple
        from magicoder_gen.executors import Processes
        class Number(NamedTuple):
            value: int
        class Odd(Exception):
            pass
        def negative(number):
            if number.value == 200:
                raise Odd(number)
            if number.value % 50 == 49 and not os.path.exists(str(number.value)):
                open(str(number.value), "w").close()
                os.kill(os.getpid(), 9)
            return Number(-number.value)
        if __name__ == "__main__":
            results = Processes(workers=6).map(negative, map(Number, range(300)))
            for expected in range(200):
                found = next(results)
                assert type(found) is Number and found.value == -expected
            try:
                next(results)
            except Odd as error:
                print(type(error.args[0]) is Number, *error.args[0])
    """
    assert finished(started(program, tmp_path)) == (0, "True 200\n", "")


def test_a_script_stays_what_it_is_while_workers_start(tmp_path: Path) -> None:
    """Its other threads can pickle what it defines at any moment."""
    program = """
        import pickle, threading
        import jobs
        from magicoder_gen.executors import Processes
        class Number(int):
            pass
        def work():
            list(Processes(workers=12).map(jobs.square, range(30)))
        if __name__ == "__main__":
            worker = threading.Thread(target=work)
            worker.start()
            while worker.is_alive():
                pickle.dumps(Number(1))
    """
    assert finished(started(program, tmp_path)) == (0, "", "")


@pytest.mark.parametrize("function", ["negative", "abs"])
def test_a_script_that_is_not_guarded_is_told_so(tmp_path: Path, function: str) -> None:
    """Whether the function or the tasks are its own."""
    program = """
        from magicoder_gen.errors import MagicoderError
        from magicoder_gen.executors import Processes
        def negative(number):
            return -number
        class Number(int):
            pass
        try:
            print(list(Processes(workers=2).map({function}, map(Number, range(3)))))
        except MagicoderError as error:
            if __name__ == "__main__":
                print(error.exit_code, error)
            {reaction}
    """
    for reaction in ("raise", "raise SystemExit(78)"):
        code, out, _ = finished(started(program.format(function=function, reaction=reaction), tmp_path))
        assert code == (1 if reaction == "raise" else 78)
        assert out.startswith("78 executor: ")
        assert out.endswith(f"{UNGUARDED}\n")
        assert out.count("\n") == 1


def test_what_was_typed_in_is_told_to_be_unknown(tmp_path: Path) -> None:
    """Without a file there is nothing that workers could run."""
    program = """if True:
        from magicoder_gen.executors import Processes
        class Number(int):
            pass
        list(Processes(workers=2).map(abs, [Number(1), Number(2)]))
    """
    command = [sys.executable, "-c", program]
    done = subprocess.run(
        command, cwd=tmp_path, env={"PYTHONPATH": ROOT}, capture_output=True, text=True, timeout=50, check=False
    )
    assert done.returncode == 1
    assert "ConfigError: executor: Can't get attribute 'Number' on " in done.stderr.split("\n")[-2]
    assert done.stderr.endswith("; put it into a file, or choose executor.type: serial\n")


def test_modules_beside_the_caller_are_not_taken_for_pythons(tmp_path: Path) -> None:
    """A folder of code may hold a struct.py; only the script's own folder is searched for modules."""
    folder = tmp_path / "code"
    folder.mkdir()
    (folder / "struct.py").write_text("raise SystemExit(5)\n")
    program = """
        import os
        import jobs
        from magicoder_gen.executors import Processes
        os.chdir("code")
        print(list(Processes(workers=2).map(jobs.square, range(3))))
    """
    assert finished(started(program, tmp_path)) == (0, "[0, 1, 4]\n", "")
