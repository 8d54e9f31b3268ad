"""From a trained network to what is left of it: linear baseline, pruning, fine-tuning.

May import `training`, `data`, `model` and `spectral`, and knows no estimator.
"""
