"""What reading a pickle would cost, found before anything of it is built.

A few bytes can ask for endless work: tuples that double as they nest take 2ⁿ steps to
hash, a memo with one large index takes gigabytes.
"""

import pickletools
from typing import IO

from cstrack_bench.checkpoints.pickle_records import RefusedError

MAX_INSTRUCTIONS = 500_000  # YOLOv5 n takes 33,000
MAX_OPERANDS = 100_000  # at a time
MAX_NESTING = 200
MAX_TUPLE = 100_000  # elements, those of the tuples inside counted every time

# What torch.save writes: pickle's protocol 2 without its rarer instructions.
_KNOWN = frozenset(
    {
        *("PROTO", "STOP", "MARK", "GLOBAL", "BINPERSID", "NEWOBJ", "REDUCE", "BUILD"),
        *("BINPUT", "LONG_BINPUT", "BINGET", "LONG_BINGET"),
        *("NONE", "NEWTRUE", "NEWFALSE", "BINFLOAT", "BINUNICODE"),
        *("BININT", "BININT1", "BININT2", "LONG1"),
        *("EMPTY_DICT", "EMPTY_LIST", "EMPTY_TUPLE"),
        *("TUPLE", "TUPLE1", "TUPLE2", "TUPLE3"),
        *("APPEND", "APPENDS", "SETITEM", "SETITEMS"),
    }
)


def check_cost(stream: IO[bytes]) -> None:
    """Follow the instructions of one pickle; the stream is left behind it.

    Raises:
        RefusedError: damaged or unusual instructions, or more work than a checkpoint
            is.
    """
    try:
        _follow(stream)
    except (IndexError, KeyError) as error:
        raise RefusedError("its instructions do not fit together") from error
    except (ValueError, OverflowError) as error:
        raise RefusedError("its instructions are damaged") from error


def _follow(stream: IO[bytes]) -> None:
    sizes: list[int] = []  # of the operands: elements of a tuple, else 1
    marks: list[int] = []
    memo: dict[object, int] = {}
    for number, (opcode, argument, _) in enumerate(pickletools.genops(stream)):
        if number >= MAX_INSTRUCTIONS or len(sizes) > MAX_OPERANDS:
            raise RefusedError("it is far longer than any checkpoint's")
        if opcode.name not in _KNOWN:
            raise RefusedError(
                f"it uses the instruction {opcode.name}, which no checkpoint needs"
            )
        if opcode.name == "MARK":
            marks.append(len(sizes))
            if len(marks) > MAX_NESTING:
                raise RefusedError("it is nested far deeper than any checkpoint's")
        elif opcode.name in ("BINPUT", "LONG_BINPUT"):
            if not isinstance(argument, int) or argument >= MAX_INSTRUCTIONS:
                raise RefusedError("its memo is far larger than any checkpoint's")
            memo[argument] = sizes[-1]
        elif opcode.name in ("BINGET", "LONG_BINGET"):
            sizes.append(memo[argument])
        else:
            start, before = len(sizes), opcode.stack_before
            if pickletools.markobject in before:
                start = marks.pop()
                before = before[: before.index(pickletools.markobject)]
            start -= len(before)
            if start < 0:
                raise IndexError
            taken = sizes[start:]
            size = sum(taken) + 1 if "TUPLE" in opcode.name else 1
            if size > MAX_TUPLE:
                raise RefusedError("its tuples hold each other over and over")
            sizes[start:] = [size] * len(opcode.stack_after)
