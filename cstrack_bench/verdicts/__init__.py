"""From runs to verdicts: intervals, what the text argues, and what it would take."""
