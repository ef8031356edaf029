"""Measurements, each in a process of its own: ``make bench`` runs them all."""
