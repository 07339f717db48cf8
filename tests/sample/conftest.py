"""What several tests of the stage read."""

from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest


@pytest.fixture(scope="session")
def tables(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Three parquet files of 40 row groups in all, two languages, 20 repositories, some documents twice."""
    folder = tmp_path_factory.mktemp("tables")
    for name, groups in (("a", 5), ("b", 25), ("c", 10)):
        rows = [
            {
                "content": "".join(f"{name}{number % 190}_{line} = {line}\n" for line in range(1 + number % 30)),
                "lang": ("Python", "Rust")[number % 3 == 0],
                "repo": f"owner/{number % 20}",
            }
            for number in range(groups * 50)
        ]
        pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), folder / f"{name}.parquet", row_group_size=50)
    return sorted(folder.glob("*.parquet"))
