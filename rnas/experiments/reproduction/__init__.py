"""Verifying recorded results: is what a run, a training or an evaluation says of a network found again?"""
