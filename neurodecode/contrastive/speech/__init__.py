"""Speech: find the heard segment (Défossez et al. 2023)."""
