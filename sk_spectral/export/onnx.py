"""A fitted estimator as an ONNX model, and inside skl2onnx's pipelines."""

from collections.abc import Callable
from os import PathLike
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import is_classifier
from sklearn.utils.validation import check_is_fitted

from sk_spectral.estimators.classifier import SpectralNASClassifier
from sk_spectral.estimators.classifier_cv import SpectralNASClassifierCV
from sk_spectral.estimators.regressor import SpectralNASRegressor
from sk_spectral.estimators.regressor_cv import SpectralNASRegressorCV
from sk_spectral.model.encoding import Encoding

_OPSET = 20  # the first with Gelu
_OTHER_OUTPUTS = {"TopK": ("order",)}  # which have to have a name, too

Node = Callable[..., str]
Constant = Callable[[NDArray[Any]], str]


def to_onnx(estimator: Any, path: str | PathLike[str] | None = None) -> Any:
    """ONNX model with the outputs of `predict`, for a classifier of `predict_proba` as well.

    Its input "X" is float32 of shape (any number of rows, n_features), NaN where a value is missing
    of a feature that had missing ones in training; categories are the numbers that they are in X. A
    regressor's output is "variable", in the shape of `predict`; a classifier's are "label", from
    `classes_`, and "probabilities".

    Parameters
    ----------
    estimator : fitted SpectralNASRegressor or SpectralNASClassifier, or of those with CV
    path : str or path-like, optional
        File to write the model to.

    Returns
    -------
    onnx.ModelProto
    """
    check_is_fitted(estimator)
    try:
        import onnx
    except ImportError as error:
        raise ImportError(
            "to_onnx needs onnx: pip install onnx, or sk_spectral[export]."
        ) from error
    helper, numpy_helper = onnx.helper, onnx.numpy_helper
    nodes: list[Any] = []
    constants: list[Any] = []

    def constant(array: NDArray[Any]) -> str:
        constants.append(numpy_helper.from_array(array, f"constant_{len(constants)}"))
        return constants[-1].name

    def node(kind: str, *inputs: str, output: str | None = None, **attributes: Any) -> str:
        name = output or f"{kind.lower()}_{len(nodes)}"
        names = [name, *(f"{name}_{other}" for other in _OTHER_OUTPUTS.get(kind, ()))]
        nodes.append(helper.make_node(kind, inputs, names, **attributes))
        return name

    float32 = onnx.TensorProto.FLOAT
    _refuse_labels(estimator)
    if is_classifier(estimator):
        probabilities, label = _classify(estimator, "X", node, constant)
        classes = _plain(estimator.classes_)
        label_type = helper.np_dtype_to_tensor_dtype(classes.dtype)
        outputs = [
            helper.make_tensor_value_info(
                node("Identity", label, output="label"), label_type, [None]
            ),
            helper.make_tensor_value_info(
                node("Identity", probabilities, output="probabilities"),
                float32,
                [None, len(classes)],
            ),
        ]
    else:
        values = _predict(estimator, "X", node, constant)
        shape: list[int | None] = [None, len(estimator.compact_.weights[-1])]
        if estimator._y_ndim == 1:
            values, shape = node("Squeeze", values, constant(np.array([1]))), [None]
        values = node("Identity", values, output="variable")
        outputs = [helper.make_tensor_value_info(values, float32, shape)]
    inputs = [helper.make_tensor_value_info("X", float32, [None, estimator.n_features_in_])]
    graph = helper.make_graph(nodes, type(estimator).__name__, inputs, outputs, constants)
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", _OPSET)], producer_name="sk_spectral",
        ir_version=9,
    )  # fmt: skip
    onnx.checker.check_model(model)
    if path is not None:
        onnx.save(model, path)
    return model


def _refuse_labels(estimator: Any) -> None:
    if getattr(estimator, "_n_labels", None) is not None:
        raise ValueError(
            "A classifier of several labels a row is not converted to ONNX: to_torch gives a "
            "module whose outputs are the log odds of each label."
        )


def _plain(classes: NDArray[Any]) -> NDArray[Any]:
    """Labels in a type that ONNX has."""
    return classes.astype(object) if classes.dtype.kind in "UOS" else classes


def _evaluate(estimator: Any, X: str, node: Node, constant: Constant) -> str:
    """Nodes for the outputs, of shape (n_samples, n_outputs).

    The scaling stays apart from the network, and the means come in two parts: in float32 a folded
    one would lose digits where a mean is large.
    """

    def single(values: Any) -> str:
        return constant(np.asarray(values, dtype=np.float32))

    def less(x: str, values: NDArray[np.float64]) -> str:
        rounded = values.astype(np.float32)
        return node("Sub", node("Sub", x, single(rounded)), single(values - rounded))

    scaling = estimator._scaling.inputs_of(estimator.compact_)
    compact, pieces, h = scaling.unfold_from(estimator.compact_), scaling.pieces, X
    if scaling.encoding is not None:
        X = h = _encode(scaling.encoding, _values_of(estimator), X, node, constant)
    if pieces is not None:
        p = less(node("Gather", X, constant(pieces.feature.astype(np.int64)), axis=1), pieces.start)
        p = node("Div", p, single(pieces.end - pieces.start))
        p = node("Clip", p, single(0.0), single(1.0))
        within = node("Max", node("Min", X, single(pieces.high)), single(pieces.low))
        h = node("Concat", within, p, axis=1)
    h = node("Div", less(h, scaling.input_mean), single(scaling.input_scale))
    last = len(compact.weights) - 1
    for i, weight in enumerate(compact.weights):
        if not len(weight):
            continue
        bias = [] if compact.intercepts is None else [single(compact.intercepts[i])]
        z = node("Gemm", h, single(weight), *bias, transB=1)
        if i == last:
            break
        h = node("Concat", h, _activate(compact.activation, z, node), axis=1)
    return node("Add", node("Mul", z, single(scaling.output_scale)), single(scaling.output_mean))


def _values_of(estimator: Any) -> NDArray[np.float64]:
    """What the indicators stand for in the columns of X, where categories are numbers there."""
    encoding = estimator._scaling.encoding
    values, categories = encoding.value.copy(), estimator.categories_
    for k, (feature, code) in enumerate(zip(encoding.feature, values, strict=True)):
        known = categories[feature]
        if known is not None and not np.isnan(code):
            if known.dtype.kind not in "biuf":
                raise ValueError(
                    f"Column {feature} of X is a category of text, which ONNX's one input of "
                    "numbers cannot hold: put an OrdinalEncoder before the estimator, name the "
                    "column in categorical_features, and convert the Pipeline by skl2onnx."
                )
            values[k] = known[int(code)]
    return values


def _encode(
    encoding: Encoding, value: NDArray[np.float64], X: str, node: Node, constant: Constant
) -> str:
    """Nodes for the columns; none where no value was missing and no feature is a category."""
    is_category = encoding.is_category
    if not len(encoding.feature) and not is_category.any():
        return X
    fill, feature = np.nan_to_num(encoding.fill), encoding.feature
    own = node("Gather", X, constant(feature.astype(np.int64)), axis=1)
    missing = node("And", node("IsNaN", own), constant(np.isnan(value)))
    there = node("Or", node("Equal", own, constant(value.astype(np.float32))), missing)
    empty = node("Or", node("IsNaN", X), constant(is_category))
    filled = node("Where", empty, constant(fill.astype(np.float32)), X)
    return node("Concat", filled, node("Cast", there, to=1), axis=1)


def _activate(activation: str, z: str, node: Node) -> str:
    if activation == "silu":
        return node("Mul", z, node("Sigmoid", z))
    if activation == "gelu":
        return node("Gelu", z, approximate="tanh")
    return node({"relu": "Relu", "tanh": "Tanh"}[activation], z)


def _predict(estimator: Any, X: str, node: Node, constant: Constant) -> str:
    """Nodes for the predictions of a regressor, of shape (n_samples, n_outputs)."""
    outputs, decoding = _evaluate(estimator, X, node, constant), estimator._targets.decoding
    if decoding == "exp":
        return node("Exp", outputs)
    if decoding == "sort":
        n_outputs = constant(np.array([len(estimator.compact_.weights[-1])]))
        return node("TopK", outputs, n_outputs, axis=1, largest=0)
    return outputs


def _classify(estimator: Any, X: str, node: Node, constant: Constant) -> tuple[str, str]:
    """Nodes for the probabilities and for the labels."""
    logits = _evaluate(estimator, X, node, constant)
    if len(estimator.classes_) == 2:
        # Of −z and z, so that a small probability keeps its digits.
        both = node("Concat", node("Neg", logits), logits, axis=1)
        probabilities = node("Sigmoid", both)
    else:
        probabilities = node("Softmax", logits, axis=1)
    index = node("ArgMax", probabilities, axis=1, keepdims=0)
    return probabilities, node("Gather", constant(_plain(estimator.classes_)), index)


def register_converters() -> None:
    """Teach skl2onnx the estimators of this package, so that it converts pipelines with them."""
    try:
        from skl2onnx import update_registered_converter
        from skl2onnx.common.shape_calculator import (
            calculate_linear_classifier_output_shapes,
        )
    except ImportError as error:
        raise ImportError(
            "register_converters needs skl2onnx: pip install skl2onnx, or sk_spectral[export]."
        ) from error
    for regressor in (SpectralNASRegressor, SpectralNASRegressorCV):
        name = f"SkSpectral{regressor.__name__}"
        update_registered_converter(regressor, name, _set_regressor_shape, _convert)
    options = {
        "zipmap": [True, False, "columns"],
        "nocl": [True, False],
        "output_class_labels": [False, True],
        "raw_scores": [False],
    }
    for classifier in (SpectralNASClassifier, SpectralNASClassifierCV):
        name, shapes = f"SkSpectral{classifier.__name__}", calculate_linear_classifier_output_shapes
        update_registered_converter(classifier, name, shapes, _convert, options=options)


def _set_regressor_shape(operator: Any) -> None:
    """Shape calculator in the form that skl2onnx asks for."""
    from skl2onnx.common.data_types import FloatTensorType

    n_rows = operator.inputs[0].get_first_dimension()
    n_outputs = len(operator.raw_operator.compact_.weights[-1])
    operator.outputs[0].type = FloatTensorType([n_rows, n_outputs])


def _convert(scope: Any, operator: Any, container: Any) -> None:
    """Converter in the form that skl2onnx asks for."""
    from onnx import TensorProto, numpy_helper

    def constant(array: NDArray[Any]) -> str:
        name = scope.get_unique_variable_name("constant")
        container.initializers.append(numpy_helper.from_array(array, name))
        return name

    def node(kind: str, *inputs: str, output: str | None = None, **attributes: Any) -> str:
        name = output or scope.get_unique_variable_name(kind.lower())
        operator_name = scope.get_unique_operator_name(kind)
        names = [name, *map(scope.get_unique_variable_name, _OTHER_OUTPUTS.get(kind, ()))]
        container.add_node(kind, list(inputs), names, name=operator_name, **attributes)
        return name

    estimator = operator.raw_operator
    _refuse_labels(estimator)
    X = node("Cast", operator.inputs[0].full_name, to=TensorProto.FLOAT)
    if is_classifier(estimator):
        probabilities, label = _classify(estimator, X, node, constant)
        if estimator.classes_.dtype.kind not in "UOS":
            label = node("Cast", label, to=TensorProto.INT64)  # as skl2onnx announces numbers
        node("Identity", label, output=operator.outputs[0].full_name)
        node("Identity", probabilities, output=operator.outputs[1].full_name)
    else:
        values = _predict(estimator, X, node, constant)
        node("Identity", values, output=operator.outputs[0].full_name)
