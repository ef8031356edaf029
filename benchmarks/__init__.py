"""Measurements, each in a separate process: ``make bench`` runs them all."""
