from syndicate.publish.feeds.fragments import FragmentCache

A, B, C = (("a", False, False), ("b", False, False), ("c", False, False))


def test_fragments_come_back_only_for_what_they_were_made_of() -> None:
    cache = FragmentCache()
    cache.put(A, ("title",), (b"rss", b"atom"))

    assert cache.get(A, ("title",)) == (b"rss", b"atom")
    assert cache.get(A, ("other",)) is None
    assert cache.get(("a", True, False), ("title",)) is None


def test_the_least_recently_used_go_first_when_the_limit_is_reached() -> None:
    cache = FragmentCache(20)
    cache.put(A, (1,), (b"12345", b"67890"))
    cache.put(B, (1,), (b"1234567890",))
    cache.get(A, (1,))

    cache.put(C, (1,), (b"1",))

    assert [cache.get(key, (1,)) is not None for key in (A, B, C)] == [True, False, True]


def test_replacing_a_fragment_frees_what_it_took() -> None:
    cache = FragmentCache(20)
    cache.put(A, (1,), (b"1234567890",))

    for version in range(10):
        cache.put(B, (version,), (b"1234567890",))

    assert cache.get(A, (1,)) is not None
    assert cache.get(B, (9,)) is not None
