"""The nested search of ``acm`` against MOABB, pyRiemann and scikit-learn."""
