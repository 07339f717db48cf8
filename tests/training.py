"""A language model that knows nothing, small enough to be trained in a test, and its tokenizer."""

from pathlib import Path
from typing import Any

CHAT_TEMPLATE = """{% for turn in messages %}<{{turn.role}}>{{turn.content}}</s>{% endfor %}
{%- if add_generation_prompt %}<assistant>{% endif %}"""
POSITIONS = 1216


def a_tokenizer(folder: Path) -> Any:
    """Save a byte-level tokenizer that names no token for padding, and return it."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    pieces = Tokenizer(models.BPE())
    pieces.pre_tokenizer, pieces.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    letters = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=300, special_tokens=["<s>", "</s>"], initial_alphabet=letters, show_progress=False
    )
    pieces.train_from_iterator(["@@ Instruction", "@@ Response", "Do it."], trainer)
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=pieces, bos_token="<s>", eos_token="</s>")  # noqa: S106
    assert tokenizer.pad_token is None
    tokenizer.chat_template = CHAT_TEMPLATE
    tokenizer.save_pretrained(folder)
    return tokenizer


def a_model(folder: Path) -> Any:
    """Save a Llama of two layers beside its tokenizer, and return it."""
    from transformers import LlamaConfig, LlamaForCausalLM, set_seed

    tokenizer = a_tokenizer(folder)
    set_seed(0)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        max_position_embeddings=POSITIONS,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
    )
    model = LlamaForCausalLM(config)
    model.save_pretrained(folder)
    return model
