"""Faults at random moments of long commands; ``scripts/chaos.py`` runs them."""
