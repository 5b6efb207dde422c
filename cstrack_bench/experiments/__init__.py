"""A recipe becomes a record: settings, identity, schedule, training, evaluation."""
