"""Rivals of the network: linear and small neural decoders, encoding models, connectivity."""
