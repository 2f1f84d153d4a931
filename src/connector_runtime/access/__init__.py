"""Who may do what: connections and policies."""
