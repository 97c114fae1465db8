# SPDX-License-Identifier: ISC
"""Build rtrlib._vrp: libvrp for Python, by cffi in API mode.

The declarations are those of the headers themselves, so there is no second
list to keep in step.  setup.py calls this; what it needs to know comes from
`make python` in the environment:

    VRP_INCLUDE   the directory that vrp/vrp.h is in (..)
    VRP_ARCHIVE   libvrp, position independent (../../build/lib/libvrp.a)
    VRP_LIBS      what that wants to be linked with, as options of the linker
"""

import os
import re
import shlex
from pathlib import Path

from cffi import FFI

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
INCLUDE = Path(os.environ.get("VRP_INCLUDE") or ROOT / "lib").resolve()
ARCHIVE = Path(os.environ.get("VRP_ARCHIVE") or ROOT / "build" / "lib" / "libvrp.a").resolve()
LIBS = shlex.split(os.environ.get("VRP_LIBS", "-pthread"))

# What C calls and Python defines, in rtrlib/callbacks.py.
CALLBACKS = """
    extern "Python" {
        void vpy_on_update(void *ctx, const struct vrp_update *update);
        void vpy_on_cache(void *ctx, unsigned cache, const struct vrp_cache_status *status);
        void vpy_on_group(void *ctx, unsigned preference, enum vrp_group_state state, const char *reason);
        void pfx_table_callback(const struct pfx_record *record, void *data);
    }
    void free(void *block);
"""


def declarations(*headers: Path) -> str:
    """Headers as cffi wants them: without comments and preprocessor, numbers put in for their names."""
    text = "\n".join(header.read_text() for header in headers)
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    text = re.sub(r"#ifdef __cplusplus.*?#endif", "", text, flags=re.DOTALL)
    numbers = re.findall(r"^#define (\w+) (\d+)\s*$", text, flags=re.MULTILINE)
    text = re.sub(r"^#.*$", "", text, flags=re.MULTILINE)
    for name, number in numbers:
        text = re.sub(rf"\b{name}\b", number, text)
    return text + "".join(f"#define {name} {number}\n" for name, number in numbers)


HEADERS = [INCLUDE / "vrp" / f"{name}.h" for name in ("types", "view", "table", "client")]
ffibuilder = FFI()
ffibuilder.cdef(declarations(*HEADERS, HERE / "glue.h") + CALLBACKS)
ffibuilder.set_source(
    "rtrlib._vrp",
    '#include <stdlib.h>\n#include "glue.h"',
    sources=["glue.c", "bulk.c", "unraisable.c"],
    depends=["glue.h"],
    include_dirs=[str(HERE), str(INCLUDE)],
    define_macros=[("_GNU_SOURCE", "1")],
    extra_objects=[str(ARCHIVE)],
    extra_compile_args=["-std=gnu17", "-fvisibility=hidden"],
    extra_link_args=["-Wl,--exclude-libs,ALL", "-Wl,-z,relro,-z,now", *LIBS],
)

if __name__ == "__main__":
    ffibuilder.compile(verbose=True)
