"""Which arguments the gallery gives a script: the shorter mode, where the whole takes minutes."""

from pathlib import Path
from tempfile import gettempdir

_SHORT = {
    "plot_02_teacher_student",
    "plot_05_spectral_head",
    "plot_09_how_strong_a_penalty",
    "plot_10_beyond_memory",
}
_FEWER = {"plot_08_how_small_how_sure": ["--repeats", "6"]}
_OUTPUT = Path(gettempdir()) / "sk_spectral_gallery"


class _Arguments:
    def __repr__(self):
        return "gallery_arguments.of"

    def __call__(self, gallery_conf, script_vars):
        name = Path(script_vars["src_file"]).stem
        own = ["--short"] if name in _SHORT else _FEWER.get(name, [])
        return [*own, "--output", str(_OUTPUT)]


of = _Arguments()
