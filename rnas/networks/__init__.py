"""Networks: the families that architectures describe, their layers and their exact cost."""
