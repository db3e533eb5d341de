from rnas.experiments.replications._resolve import resolve_settings
from rnas.experiments.replications.result import judged
from tests.rnas.report.test_replication import records


def test_a_replication_is_a_line_and_a_small_table() -> None:
    settings = resolve_settings("block-topology", seeds=2)
    found = judged(settings, settings.design(), records(settings, failed=2))
    assert repr(found) == f"<ReplicationResult 'block-topology': {found.verdict}>"
    shown = found._repr_html_()
    assert all(claim["statement"].split(":")[0] in shown for claim in found.claims)
    assert shown.count("<tr>") == 1 + len(found.claims)
