"""Define what a search that ends with one network has besides what every experiment has."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from pydantic import BaseModel

from rnas.evaluation.training_settings import ResolvedTraining
from rnas.experiment import Experiment, Result
from rnas.networks.architecture import Architecture
from rnas.training.search_cost import SearchCost

if TYPE_CHECKING:
    from rnas.data.dataset import Dataset

S = TypeVar("S", bound=BaseModel)
R = TypeVar("R", bound=Result)


@dataclass(frozen=True)
class FoundNetwork:
    """Describe the network that a search found.

    Attributes:
        architecture: the network.
        dataset: the data of the search.
        training: how the data were divided, among others.
        cost: images and seconds that the search took to find it.
    """

    architecture: Architecture
    dataset: "Dataset"
    training: ResolvedTraining
    cost: SearchCost


class FindsNetwork(Experiment[S, R]):
    """Search for one network, which other commands take by the directory of the search.

    A subclass may be registered under ``rnas.cell_searches``, as a method that is an experiment of its own.

    Attributes:
        Method: model of the settings of the method, if the class is registered.
    """

    Method: ClassVar[type[BaseModel]]

    @abstractmethod
    def found(self, images: float | None = None) -> FoundNetwork:
        """Return the network that the search has found so far.

        Args:
            images: images passed forward and backward after which the search is taken as ended; None is its end.

        Raises:
            InputError: there is none yet, or none at this cost.
        """

    @classmethod
    @abstractmethod
    def resolve(cls, method: Mapping[str, Any], given: Mapping[str, Any]) -> S:
        """Resolve what a user gives to settings.

        Args:
            method: name of the method and some of its settings.
            given: other settings by name; None is not given.

        Raises:
            InputError: a setting is wrong, or the data cannot be read.
        """
