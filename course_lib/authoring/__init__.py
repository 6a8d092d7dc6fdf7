"""How the course is made, for its maintainers: notebooks from their sources, executed, and the ledger of claims."""
