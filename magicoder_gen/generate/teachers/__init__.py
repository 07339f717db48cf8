"""Who answers prompts: one block per kind of teacher."""
