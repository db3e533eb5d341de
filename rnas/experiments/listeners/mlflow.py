"""Write results to MLflow."""

import re
import time
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from rnas.experiment import Experiment
from rnas.experiments.listeners.entry import Entry, Parameter, parameters_of, point_name
from rnas.experiments.listeners.tracker import Tracker
from rnas.utils.files import write_text

if TYPE_CHECKING:
    from mlflow.entities import Run
    from mlflow.tracking import MlflowClient

_PLACE = "mlflow.txt"
"""File in an experiment's directory with the identifier of its run."""

_ENTRY = "rnas.entry"
_PARENT = "mlflow.parentRunId"
_METRICS, _PARAMETERS, _RUNS = 1000, 100, 1000
"""Most that MLflow takes and gives at once."""


class MLflow(Tracker):
    """Write an experiment as a run of MLflow, and each evaluation as a run below it, with its curve.

    Args:
        uri: of a tracking server, a database such as ``sqlite:///mlflow.db``, or a folder; None is MLflow's own
            choice, such as the environment variable ``MLFLOW_TRACKING_URI``.
        experiment: name of MLflow's experiment.
    """

    name: ClassVar[str] = "mlflow"
    needs: ClassVar[str] = "mlflow"

    def __init__(self, uri: str | None = None, experiment: str = "rnas") -> None:
        super().__init__()
        self._uri = uri
        self._group = experiment
        self._client: MlflowClient | None = None
        self._experiment = ""
        self._own = ""

    def begin(self, experiment: Experiment[Any, Any]) -> set[str]:
        """Return the names of the runs below the experiment's run that have ended, and of its own epochs."""
        from mlflow.tracking import MlflowClient

        self._client = MlflowClient(self._uri)
        group = self._client.get_experiment_by_name(self._group)
        self._experiment = self._client.create_experiment(self._group) if group is None else group.experiment_id
        file = experiment.path / _PLACE
        own = self._run(file.read_text(encoding="utf-8").strip()) if file.is_file() else None
        if own is None:
            own = self._client.create_run(self._experiment, run_name=experiment.path.name)
            self._log(own.info.run_id, parameters=parameters_of(experiment))
            write_text(file, f"{own.info.run_id}\n")
        self._own = own.info.run_id
        self._client.update_run(self._own, status="RUNNING")
        return self._below() | self._points(own)

    def write(self, entry: Entry) -> None:
        """Write an epoch to the experiment's run, and any other entry as a run below it."""
        assert self._client is not None
        if entry.is_point:
            self._log(self._own, [(entry.step, entry.metrics)])
            return
        tags = {_PARENT: self._own, _ENTRY: entry.name}
        run = self._client.create_run(self._experiment, run_name=entry.name, tags=tags).info.run_id
        curve = [
            (int(point.get("epoch", place)), {f"curve/{name}": value for name, value in point.items()})
            for place, point in enumerate(entry.curve, 1)
        ]
        self._log(run, [(entry.step, entry.metrics), *curve], entry.parameters)
        self._client.set_terminated(run)

    def end(self, error: BaseException | None) -> None:
        """Say that the experiment's run has ended, was interrupted or failed."""
        assert self._client is not None
        stopped = "FAILED" if isinstance(error, Exception) else "KILLED"
        self._client.set_terminated(self._own, "FINISHED" if error is None else stopped)

    def _run(self, identifier: str) -> "Run | None":
        """Return a run; None if the tracking server does not have it, as it may be another one than before."""
        from mlflow.exceptions import MlflowException

        assert self._client is not None
        try:
            run = self._client.get_run(identifier)
        except MlflowException as error:
            if error.error_code != "RESOURCE_DOES_NOT_EXIST":
                raise
            return None
        return run if run.info.lifecycle_stage == "active" else None

    def _below(self) -> set[str]:
        """Return the entries of the runs that have ended; one that was being written is deleted."""
        assert self._client is not None
        found: set[str] = set()
        token: str | None = None
        while token is None or token:
            page = self._client.search_runs(
                [self._experiment], f"tags.`{_PARENT}` = '{self._own}'", max_results=_RUNS, page_token=token
            )
            for run in page:
                if run.info.status == "FINISHED":
                    found.add(run.data.tags.get(_ENTRY, ""))
                else:
                    self._client.delete_run(run.info.run_id)
            token = page.token or ""
        return found

    def _points(self, own: "Run") -> set[str]:
        assert self._client is not None
        histories = [self._client.get_metric_history(self._own, name) for name in own.data.metrics]
        return {point_name(metric.step) for history in histories for metric in history}

    def _log(
        self,
        run: str,
        points: Iterable[tuple[int, Mapping[str, float]]] = (),
        parameters: Mapping[str, Parameter] | None = None,
    ) -> None:
        from mlflow.entities import Metric, Param

        assert self._client is not None
        now = int(1000 * time.time())
        metrics = [Metric(_safe(name), value, now, step) for step, point in points for name, value in point.items()]
        params = [Param(_safe(name), str(value)) for name, value in (parameters or {}).items()]
        for at in range(0, len(params), _PARAMETERS):
            self._client.log_batch(run, params=params[at : at + _PARAMETERS])
        for at in range(0, len(metrics), _METRICS):
            self._client.log_batch(run, metrics=metrics[at : at + _METRICS])


def _safe(name: str) -> str:
    """Return a name in the characters that MLflow takes."""
    return re.sub(r"[^\w./ -]", "_", name, flags=re.ASCII)
