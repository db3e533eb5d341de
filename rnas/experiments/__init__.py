"""Run resumable experiments that are not searches."""
