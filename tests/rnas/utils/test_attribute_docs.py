from rnas.utils.attribute_docs import attribute_docs


class Base:
    """A base.

    Attributes:
        depth: number of layers,
            at least 1.
        width: of each: in channels.

    Raises:
        InputError: never.
    """


class Derived(Base):
    """Another.

    Attributes:
        width: of all.
    """


class Silent(Derived):
    pass


def test_every_attribute_is_told_in_one_line_and_the_nearest_class_is_heard() -> None:
    assert attribute_docs(Base) == {"depth": "number of layers, at least 1.", "width": "of each: in channels."}
    assert attribute_docs(Derived) == attribute_docs(Silent) == {**attribute_docs(Base), "width": "of all."}
    assert attribute_docs(object) == {}
