"""Python source of built networks: readable classes that need torch alone, from any traceable module."""
