"""The site: pages of this folder, whose cells are run, the gallery and the reference."""

import sys
import zlib
from pathlib import Path
from tempfile import mkdtemp

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

import sk_spectral  # noqa: E402

project = "sk_spectral"
author = "The sk_spectral developers"
copyright = "The sk_spectral developers, BSD-3-Clause"
version = release = sk_spectral.__version__

extensions = [
    "mathml",
    "myst_nb",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.intersphinx",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
]
exclude_patterns = ["_build", "inventories", "gallery/*.ipynb", "gallery/*.py"]
templates_path = ["_templates"]

# Cells run in the build, which fails where one of them does.
nb_execution_mode = "force"
nb_execution_raise_on_error = True
nb_execution_in_temp = True
nb_execution_show_tb = True
nb_execution_timeout = 120
nb_merge_streams = True
myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3

autosummary_generate = True
autodoc_typehints = "none"
numpydoc_show_class_members = False
numpydoc_xref_param_type = True
numpydoc_xref_ignore = "all"  # words of a type that are no names stay words
numpydoc_xref_aliases = {"SpectralNASRegressor": "sk_spectral.SpectralNASRegressor"}


def inventory(name):
    """Names of another project that are linked to: kept here, as a build asks no other machine."""
    lines = (HERE / "inventories" / f"{name}.txt").read_text().encode()
    head = b"# Sphinx inventory version 2\n# Project: %s\n# Version: \n" % name.encode()
    head += b"# The remainder of this file is compressed using zlib.\n"
    path = Path(mkdtemp()) / f"{name}.inv"
    path.write_bytes(head + zlib.compress(lines))
    return str(path)


intersphinx_mapping = {
    "python": ("https://docs.python.org/3/", inventory("python")),
    "numpy": ("https://numpy.org/doc/stable/", inventory("numpy")),
    "sklearn": ("https://scikit-learn.org/stable/", inventory("scikit-learn")),
    "torch": ("https://docs.pytorch.org/docs/stable/", inventory("torch")),
}

sphinx_gallery_conf = {
    "examples_dirs": "..",
    "gallery_dirs": "gallery",
    "filename_pattern": "/plot_",
    "ignore_pattern": r"(quickstart|results)\.py$",
    "write_computation_times": False,
    "nested_sections": False,
    "abort_on_example_error": True,
    "parallel": 2,
    "download_all_examples": False,
    "show_signature": False,
    "remove_config_comments": True,
    "reset_argv": "gallery_arguments.of",
    "within_subsection_order": "FileNameSortKey",
}

ICON = "_static/icon.svg"
html_theme = "pydata_sphinx_theme"
html_title = "sk_spectral"
html_sidebars = {page: [] for page in ("get_started", "how_much_network")}  # without sections
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_favicon = ICON
html_context = {"default_mode": "auto"}
html_show_sourcelink = False
toc_object_entries_show_parents = "hide"
html_theme_options = {
    "logo": {
        "image_light": "_static/icon.svg",
        "image_dark": "_static/icon.svg",
        "text": "sk_spectral",
    },
    "navbar_align": "left",
    "show_prev_next": True,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
