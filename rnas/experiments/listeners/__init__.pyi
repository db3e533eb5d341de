from .entry import Entry as Entry
from .mlflow import MLflow as MLflow
from .tensorboard import TensorBoard as TensorBoard
from .tracker import Tracker as Tracker
from .wandb import WeightsAndBiases as WeightsAndBiases
