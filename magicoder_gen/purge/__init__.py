"""Take out of a run all that descends from what somebody does not want to be used."""
