"""Write everything that a person reads about results: pages, tables, figures and sentences."""
