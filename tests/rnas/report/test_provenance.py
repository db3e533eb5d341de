from rnas.report._provenance import facts, input_shape


def test_facts_are_counted_where_evaluations_differ():
    evaluations = [{"provenance": {"device": device, "data": {"hash": "ab"}}} for device in ("cpu", "cuda:0", "cuda:0")]
    device, data = facts([*evaluations, {"provenance": None}])
    assert (device.name, device.values, device.more) == ("device", (("cuda:0", 2), ("cpu", 1)), 0)
    assert (data.name, data.values) == ("data.hash", (("ab", 3),))


def test_many_values_are_cut():
    (fact,) = facts([{"provenance": {"seed": number}} for number in range(10)])
    assert (len(fact.values), fact.more) == (6, 4)


def test_shape_is_that_of_the_first_evaluation_that_has_one():
    assert input_shape([{}, {"provenance": {"data": {"input_shape": [3, 32, 32]}}}]) == "3\u00d732\u00d732"
    assert input_shape([{"provenance": {}}]) == ""
