"""What a fitted estimator becomes elsewhere: a torch module, an ONNX model.

May import `spectral`, `model` and `estimators`; onnx and skl2onnx are imported where something is
converted.
"""

from sk_spectral.export.modules import CompactModule, EncodingModule, PiecesModule, to_torch
from sk_spectral.export.onnx import register_converters, to_onnx

__all__ = [
    "CompactModule",
    "EncodingModule",
    "PiecesModule",
    "register_converters",
    "to_onnx",
    "to_torch",
]
