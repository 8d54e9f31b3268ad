"""Is a table linear, additive or a network? One page that answers, for a browser.

May import `estimators`, `model`, `display` and `inspection`; pandas and matplotlib are imported
where they are used.
"""

from sk_spectral.report.command import main

__all__ = ["main"]
