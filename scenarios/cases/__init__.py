"""Cases shipped with Jingli."""
