import numpy as np

from rnas.nas.strategies._scalarization import augmented_chebyshev, crowded_comparison

FRONT = np.array([[0.0, 4.0], [1.0, 1.5], [1.2, 1.3], [4.0, 0.0]])


def test_crowded_comparison_is_the_front_and_then_the_room_on_it() -> None:
    points = np.concatenate([FRONT, FRONT + 1.0, [[9.0, 9.0]]])
    scores = crowded_comparison(points)
    assert scores[:4].min() > scores[4:8].max() > scores[8]
    assert scores[0] == scores[3] == scores[:4].max()
    roomy = crowded_comparison(np.array([[0.0, 4.0], [0.1, 3.9], [2.0, 2.0], [4.0, 0.0]]))
    assert roomy[0] > roomy[2] > roomy[1]
    assert crowded_comparison(FRONT[:1]).shape == (1,)


def test_augmented_chebyshev_leads_to_the_knee_whatever_the_units() -> None:
    scores = augmented_chebyshev(FRONT)
    assert scores.argmax() in (1, 2)
    assert scores.max() < 0
    assert np.allclose(augmented_chebyshev(FRONT * [1.0, 1e9] + [5.0, -3.0]), scores)
    same = np.ones((3, 2))
    assert (augmented_chebyshev(same) == 0).all()
    dominated = augmented_chebyshev(np.array([[0.0, 0.0], [0.0, 1.0], [2.0, 1.0]]))
    assert (np.diff(dominated) < 0).all()
