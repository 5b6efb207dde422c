"""How fast a frame is, stage by stage."""
