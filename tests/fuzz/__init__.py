"""Coverage-guided fuzzing of what reads other people's bytes: tokens, claims, key sets, introspection answers."""
