"""Show a search for cells: what is searched, its epochs, and what came of it."""

from collections.abc import Mapping

from rnas.cli.views.words import Words
from rnas.experiments.cell_search.cell_search import CellSearch
from rnas.experiments.cell_search.result import CellSearchResult, Row
from rnas.utils.quantities import pluralize


class CellSearchWords(Words):
    """Word the epochs of a search for cells."""

    experiment: CellSearch

    def opening(self) -> list[str]:
        """Return what is searched, by which method, and on which images."""
        settings = self.experiment.settings
        method = ", ".join(f"{name} {value}" for name, value in settings.method.items() if name != "name")
        divided = "all" if not settings.search_method.divides else "half"
        lines = [
            f"{self.experiment.path}: cells by {settings.method['name']} ({method})",
            f"{pluralize(settings.fidelity.epochs, 'epoch')} of {divided} the training images of {settings.data} in "
            f"batches of {settings.fidelity.batch_size}, network of {settings.layers} cells and {settings.channels} "
            f"channels, weights by recipe {settings.recipe.name}, seed {settings.seed}, on {settings.device}",
        ]
        if self.work.done:
            were = "was" if self.work.done == 1 else "were"
            lines.append(f"{self.work.done:g} of {pluralize(round(self.work.total), 'epoch')} {were} done before")
        return lines

    def recorded(self, record: Row) -> str:
        """Return what an epoch found."""
        terms = "  ".join(
            f"{name.removeprefix('held_').replace('_', ' ')} {value:.4f}"
            for name, value in record.items()
            if name.startswith("held_")
        )
        return f"loss {record['loss']:.4f}  held: {terms}  {record['seconds']:.1f} s"

    def running(self, shares: Mapping[str, float]) -> str:
        """Return the epoch that is under way."""
        return ", ".join(f"{label}: {share:.0%}" for label, share in shares.items())

    @staticmethod
    def closing(experiment: CellSearch, result: CellSearchResult) -> list[str]:
        """Return why a search ended before its last epoch."""
        return [f"rnas: diverged: {result.diverged}"] if result.diverged else []

    @staticmethod
    def failed(result: CellSearchResult) -> bool:
        """Return whether the search diverged."""
        return result.status == "diverged"

    @staticmethod
    def files(experiment: CellSearch) -> str:
        """Return the line that says where the network and the report are."""
        return f"Network: {experiment.architecture}; report: {experiment.report_file}"
