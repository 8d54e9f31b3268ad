"""From rows and a configuration to what is left of a network: `search_architecture`.

May import `training`, `data`, `model` and `spectral`, and knows no estimator.
"""

from sk_spectral.search.config import SearchConfig
from sk_spectral.search.fit import search_architecture
from sk_spectral.search.result import SearchResult, Start
from sk_spectral.search.streams import RandomStreams

__all__ = ["RandomStreams", "SearchConfig", "SearchResult", "Start", "search_architecture"]
