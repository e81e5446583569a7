import numpy as np

from shoplab.streaming.state.arrays import from_bytes, to_bytes


def test_arrays_come_back_as_they_were_without_a_copy() -> None:
    arrays = {
        "a/keys": np.array([1, -(1 << 62)]),
        "a/=n": np.array([3], np.uint8),
        "none": np.zeros(0, "f8"),
        "every other": np.arange(9, dtype=np.int32)[::2],
        "last": np.array([0.5, np.nan]),
    }
    data = to_bytes(arrays, {"words": ["ä\n", "b"], "since": None})
    found = from_bytes(data)
    assert found.about == {"words": ["ä\n", "b"], "since": None}
    assert list(found.arrays) == list(arrays)
    whole = np.frombuffer(data, np.uint8)
    for name, array in arrays.items():
        assert found.arrays[name].dtype == array.dtype
        np.testing.assert_array_equal(found.arrays[name], array)
        assert np.shares_memory(found.arrays[name], whole) or not len(array)
        assert found.arrays[name].flags.aligned
