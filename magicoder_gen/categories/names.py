"""The ten categories of the paper (section 4 and figure 6), in its order."""

OTHERS = "Domain Specific"
"""What none of the others comes near."""

NAMES = (
    "Algorithmic and Data Structure",
    "Mathematical and Computational",
    "Database and SQL",
    "System Design and Architecture",
    "Security and Cryptography",
    "Performance Optimization",
    "Web",
    OTHERS,
    "User Interface and Application Design",
    "Data Science and Machine Learning",
)
