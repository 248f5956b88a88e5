"""Lines of which one is enough: what they say can have no other cause."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Sign(StrEnum):
    """What a line shows."""

    LIBRARY = "system library"
    SAVED = "saved with other versions"
    PACKAGE = "package"
    GPU_MEMORY = "GPU memory"
    ON_CPU = "runs on the CPU"
    LIMIT = "limit of the system"


@dataclass(frozen=True)
class Shown:
    """what: the thing that is named, "" for none."""

    sign: Sign
    what: str


_PATTERNS: Final = (
    # ld.so(8), dlopen: what the C++ and C libraries of a base image lack, and processors without an instruction.
    (Sign.LIBRARY, r"version [`'‘]?(?P<what>(?:GLIBCXX|GLIBC|CXXABI|OPENSSL)_[\w.]{1,20})['’]? not found"),
    (
        Sign.LIBRARY,
        r"(?P<what>lib[\w.+-]{1,60}\.so[\w.]{0,20}): (?:cannot open shared object|No such file)",
    ),
    (Sign.LIBRARY, r"error while loading shared libraries: (?P<what>[\w.+-]{1,80})"),
    (Sign.LIBRARY, r"DLL load failed while importing (?P<what>[\w.]{1,60})"),
    (Sign.LIBRARY, r"(?P<what>[Ii]llegal instruction)(?: \(core dumped\))?"),
    # scikit-learn, persistence; pickle, protocols; numpy 2 and 1; ONNX Runtime, IR and opset.
    (Sign.SAVED, r"Trying to unpickle estimator (?P<what>\w{1,80}) from version [\w.]{1,20} when using version"),
    (Sign.SAVED, r"(?P<what>unsupported pickle protocol: \d)"),
    (Sign.SAVED, r"No module named ['\"](?P<what>numpy\._core|sklearn\.[\w.]{1,60}|pandas\.core\.indexes\.numeric)"),
    (Sign.SAVED, r"Can't get attribute ['\"](?P<what>[\w.]{1,80})['\"] on <module"),
    (Sign.SAVED, r"(?P<what>numpy\.(?:ndarray|dtype|ufunc) size changed), may indicate binary incompatibility"),
    (Sign.SAVED, r"[Uu]nsupported (?:model )?(?P<what>IR version|opset)"),
    (Sign.SAVED, r"(?P<what>node array from the pickle has an incompatible dtype)"),
    (Sign.PACKAGE, r"ModuleNotFoundError: No module named ['\"](?P<what>[\w.]{1,80})"),
    (Sign.PACKAGE, r"cannot import name ['\"](?P<what>\w{1,80})['\"] from"),
    (Sign.PACKAGE, r"module ['\"](?P<what>(?:numpy|pandas|sklearn|torch|tensorflow|jax|scipy)[\w.]{0,60})['\"] has no attribute"),
    (Sign.PACKAGE, r"A module that was compiled using (?P<what>NumPy 1\.x) cannot be run in"),
    (
        Sign.GPU_MEMORY,
        r"(?P<what>(?:CUDA|HIP) out of memory|CUDA error: out of memory|CUDNN_STATUS_ALLOC_FAILED|cudaErrorMemoryAllocation)",
    ),
    (Sign.GPU_MEMORY, r"OOM when allocating tensor .{0,200}(?P<what>GPU:\d+)"),
    # ONNX Runtime, TensorFlow, PyTorch, llama.cpp, Triton: the accelerator is there no longer, and the model runs on.
    (Sign.ON_CPU, r"[Ff]ailed to create (?P<what>\w{1,40}ExecutionProvider)"),
    (Sign.ON_CPU, r"[Ss]pecified provider ['\"](?P<what>\w{1,40}ExecutionProvider)['\"] is not in available provider"),
    (Sign.ON_CPU, r"[Ff]all(?:ing|en|s)?[ -]?back to (?:the )?(?P<what>CPU(?:ExecutionProvider)?)\b"),
    (Sign.ON_CPU, r"Could not (?:load dynamic library ['\"]|find )(?P<what>libcud[\w.]{1,30}|cuda drivers)"),
    (Sign.ON_CPU, r"(?P<what>CUDA initialization: (?:Found no NVIDIA driver|The NVIDIA driver on your system is too old))"),
    (Sign.ON_CPU, r"(?P<what>CUDA (?:is )?not available)[,;:]? (?:using|running on|defaulting to) (?:the )?[Cc][Pp][Uu]"),
    (Sign.LIMIT, r"(?P<what>No space left on device|Too many open files|can't start new thread)"),
)
_COMPILED: Final = tuple((sign, re.compile(pattern)) for sign, pattern in _PATTERNS)
_WORDS: Final = (
    *(
        "not found",
        "shared",
        "DLL load",
        "llegal instruction",
        "pickle",
        "No module named",
        "Can't get attribute",
        "size changed",
    ),
    *(
        "nsupported",
        "cannot import",
        "has no attribute",
        "compiled using",
        "out of memory",
        "OOM when",
        "CUD",
        "ExecutionProvider",
    ),
    *("CPU", "libcud", "cuda drivers", "space left", "open files", "new thread"),
)
"""One of these stands in every line that shows something: most lines are done with them."""

LOOKED_AT: Final = 1000


def sign_of(text: str) -> Shown | None:
    """What `text` shows, if anything."""
    if not any(word in text for word in _WORDS):
        return None
    for sign, pattern in _COMPILED:
        if (found := pattern.search(text, 0, LOOKED_AT)) is not None:
            return Shown(sign, found["what"])
    return None
