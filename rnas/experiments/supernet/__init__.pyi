from .setup import SupernetSetup as SupernetSetup
